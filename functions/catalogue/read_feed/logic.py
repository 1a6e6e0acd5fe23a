"""A feed file → the shop's next catalogue revision: its products, sorted; the batches to index; what was rejected."""

import hashlib
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from functions.contracts import ids
from functions.contracts.base import Reason
from functions.contracts.catalogue import CatalogueImport, FeedRead, IndexBatch, Product, RejectedRow
from functions.shared.live import LiveCatalogue
from functions.shared.objects import canonical_json
from functions.shoppable.feed import MAX_BYTES, FeedRefused, Row, quarantine_csv, read_rows
from functions.shoppable.products import RowRefused, is_uploaded, normalise

BATCH_PRODUCTS = 50
MAX_ALTERNATES = 20


class _Hasher(Protocol):
    def update(self, data: bytes, /) -> None: ...


class Store(Protocol):
    """Where feeds, pictures and the live catalogue are. Every method raises Transient or Permanent."""

    def open_feed(self, source: CatalogueImport, max_bytes: int) -> AbstractContextManager[BinaryIO | None]:
        """The feed's own version as a seekable file; None when it is larger than `max_bytes`."""
        ...

    def uploaded_images(self, shop_id: str) -> dict[str, str]:
        """Of the shop's uploaded pictures the name (below its folder) and what changes with the content."""
        ...

    def live(self, shop_id: str) -> LiveCatalogue | None: ...

    def lines(self, key: str) -> Iterator[bytes]: ...

    def put_products(self, key: str, body: BinaryIO) -> None: ...

    def put_batches(self, key: str, batches: list[IndexBatch]) -> None: ...

    def put_quarantine(self, key: str, body: bytes) -> None: ...


@dataclass
class _Catalogue:
    """Products as canonical JSON, which is far smaller than the models: 100,000 of them fit."""

    lines: dict[str, bytes] = field(default_factory=dict[str, bytes])
    groups: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict[str, list[str]](list))
    group_of: dict[str, str] = field(default_factory=dict[str, str])
    uploaded: set[str] = field(default_factory=set[str])
    quarantine: list[RejectedRow] = field(default_factory=list[RejectedRow])
    rejected: int = 0

    def add(self, product: Product) -> None:
        self.lines[product.product_id] = canonical_json(product)
        self.uploaded.update(link.source for link in product.image_links if is_uploaded(link.source))
        if product.item_group_id is not None:
            self.groups[product.item_group_id].append(product.product_id)
            self.group_of[product.product_id] = product.item_group_id

    def reject(self, row: RejectedRow) -> None:
        self.quarantine.append(row)
        self.rejected += 1

    def sorted_lines(self) -> Iterator[tuple[str, bytes]]:
        """(product_id, canonical JSON) with the other products of the item group as alternates."""
        for members in self.groups.values():
            members.sort()
        for product_id in sorted(self.lines):
            line = self.lines[product_id]
            group = self.groups.get(self.group_of.get(product_id, ""), [])
            if len(group) > 1:
                others = [other for other in group[: MAX_ALTERNATES + 1] if other != product_id][:MAX_ALTERNATES]
                product = Product.model_validate_json(line)
                line = canonical_json(product.model_copy(update={"alternates": tuple(others)}))
            yield product_id, line


def read_feed(source: CatalogueImport, store: Store, *, max_drop_share: float, code_digest: str) -> FeedRead:
    """Reads, compares and stores; again gives the same. Raises Transient or Permanent, but for no bad feed."""
    quarantine_key = f"imports/{source.import_id}/quarantine.csv"
    products_key = f"imports/{source.import_id}/products.jsonl"
    batches_key = f"imports/{source.import_id}/batches.json"
    try:
        with store.open_feed(source, MAX_BYTES) as file:
            if file is None:
                raise FeedRefused("FeedTooLarge", f"The feed is larger than {MAX_BYTES // 1_000_000} MB.")
            catalogue = _parse(read_rows(file), source.shop_id)
    except FeedRefused as refused:
        store.put_quarantine(quarantine_key, quarantine_csv([]))
        return FeedRead(outcome="refused", reason=refused.reason, quarantine_key=quarantine_key)
    store.put_quarantine(quarantine_key, quarantine_csv(catalogue.quarantine))
    if not catalogue.lines:
        return FeedRead(
            outcome="refused",
            reason=_nothing_usable(catalogue.quarantine),
            rejected=catalogue.rejected,
            quarantine_key=quarantine_key,
        )
    with tempfile.TemporaryFile() as products:
        content = hashlib.sha256()
        digests: dict[str, bytes] = {}
        batches = _write(catalogue.sorted_lines(), products, digests, content)
        _add_pictures(content, catalogue.uploaded, store.uploaded_images(source.shop_id) if catalogue.uploaded else {})
        revision = ids.revision_id(source.shop_id, content.hexdigest(), code_digest)
        live = store.live(source.shop_id)
        before = _digests(store.lines(live.products_key)) if live else {}
        removed = len(before.keys() - digests.keys())
        read = FeedRead(
            outcome="changed",
            revision=revision,
            products=len(digests),
            added=len(digests.keys() - before.keys()),
            changed=sum(before[known] != digests[known] for known in before.keys() & digests.keys()),
            removed=removed,
            rejected=catalogue.rejected,
            quarantine_key=quarantine_key,
        )
        # What a dead import wrote of another revision's offers is only put right by publishing again.
        if live and live.revision == revision and not live.offers_pending - {revision}:
            return read.model_copy(update={"outcome": "unchanged"})
        if removed > max_drop_share * len(before):
            return read.model_copy(update={"outcome": "suspicious", "reason": _drop(removed, len(before))})
        products.seek(0)
        store.put_products(products_key, products)
    store.put_batches(batches_key, batches)
    return read.model_copy(update={"products_key": products_key, "batches_key": batches_key})


def _parse(rows: Iterable[Row | RejectedRow], shop_id: str) -> _Catalogue:
    catalogue = _Catalogue()
    empty = True
    for row in rows:
        empty = False
        if isinstance(row, RejectedRow):
            catalogue.reject(row)
            continue
        try:
            normalised = normalise(row.fields, shop_id)
        except RowRefused as refused:
            catalogue.reject(
                RejectedRow(row=row.number, feed_id=refused.feed_id, field=refused.field, reason=refused.reason)
            )
            continue
        product = normalised.product
        if product.product_id in catalogue.lines:
            catalogue.reject(
                RejectedRow(row=row.number, feed_id=product.feed_id, field="id", reason="is in the feed already")
            )
            continue
        catalogue.add(product)
        catalogue.quarantine.extend(
            RejectedRow(row=row.number, feed_id=product.feed_id, field=left.field, reason=left.reason)
            for left in normalised.left_out
        )
    if empty:
        raise FeedRefused("EmptyFeed", "The feed holds no product. Upload a file with one line per product.")
    return catalogue


def _write(
    lines: Iterator[tuple[str, bytes]], file: BinaryIO, digests: dict[str, bytes], content: _Hasher
) -> list[IndexBatch]:
    """Writes the lines and says which batch is where in the file."""
    batches: list[IndexBatch] = []
    first = count = start = position = 0
    for product_id, line in lines:
        body = line + b"\n"
        file.write(body)
        content.update(body)
        digests[product_id] = _digest(line)
        position += len(body)
        count += 1
        if count == BATCH_PRODUCTS:
            batches.append(_batch(len(batches), first, count, start, position))
            first, count, start = first + count, 0, position
    if count:
        batches.append(_batch(len(batches), first, count, start, position))
    return batches


def _batch(number: int, first: int, count: int, start: int, end: int) -> IndexBatch:
    return IndexBatch(batch=number, first=first, count=count, start_byte=start, end_byte=end)


def _add_pictures(content: _Hasher, used: set[str], uploaded: dict[str, str]) -> None:
    """Makes a changed picture a changed catalogue; a missing one that is uploaded later as well."""
    for name in sorted(used):
        content.update(canonical_json([name, uploaded.get(name, "")]))


def _digest(line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=16).digest()


def _digests(lines: Iterable[bytes]) -> dict[str, bytes]:
    return {json.loads(line)["product_id"]: _digest(line) for line in lines}


def _nothing_usable(rejected: list[RejectedRow]) -> Reason:
    first = rejected[0]
    return Reason(
        code="NoUsableRows",
        message=f"None of the {len(rejected)} rows is a product. The first, row {first.row}: "
        f"{first.field or 'the row'} {first.reason[:500]}. All are in the quarantine file.",
    )


def _drop(removed: int, before: int) -> Reason:
    return Reason(
        code="SuspiciousDrop",
        message=f"The feed lacks {removed} of the {before} live products; so many need a person's word. "
        "The live catalogue stays. If this is intended, raise the allowed share (max_drop_share) and upload again.",
    )
