"""A feed file → rows: Google Merchant's tab-separated text, or JSON Lines with the same field names.

Reads line by line, so that a feed's size costs no memory. Text rules:
https://support.google.com/merchants/answer/160567 (a value that holds a tab, a line break or a quote is put in double
quotes, and its quotes are doubled).
"""

import codecs
import csv
import io
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from functions.contracts.base import Reason
from functions.contracts.catalogue import RejectedRow
from functions.shoppable.products import REQUIRED

MAX_ROWS = 100_000
MAX_BYTES = 200_000_000
MAX_LINE = 200_000
"""Characters of a line; all of Google's fields at their limits stay below a third of it."""
_MAX_QUOTED_LINES = 100
_SAMPLE = 65_536
_LIST_FIELD = "additional_image_link"


class FeedRefused(Exception):  # noqa: N818 (a fact about the feed, not a fault)
    """The file as a whole cannot be used. `reason` is for the shop."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.reason = Reason(code=code, message=message)


@dataclass(frozen=True)
class Row:
    """One row of data that is well-formed; whether it is a product is for products.normalise to say."""

    number: int
    """1 is the first row of data."""
    fields: dict[str, object]
    """Only those that are not empty. Of TSV all are texts."""


def read_rows(stream: BinaryIO) -> Iterator[Row | RejectedRow]:
    """The rows of a seekable file, in order. Raises FeedRefused at once or, for too many rows, while iterating."""
    lines = _Lines(stream, _encoding(stream))
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise FeedRefused("EmptyFeed", "The feed is empty. Upload a file with a header line and one line per product.")
    start = first.lstrip()
    if start.startswith("{"):
        lines.push_back([first])
        return _limited(_json_rows(lines))
    if "\t" not in first:
        raise FeedRefused("UnknownFeedFormat", _unknown(start))
    return _limited(_tsv_rows(lines, _header(first)))


def _unknown(start: str) -> str:
    if start.startswith("<"):
        return "The feed looks like XML. Upload it as tab-separated text or as JSON Lines."
    if start.startswith("["):
        return "The feed looks like a JSON array. Write one JSON object per line instead (JSON Lines)."
    if "," in start or ";" in start:
        return "The feed looks like comma-separated text. Save it as tab-separated text."
    return "The feed is neither tab-separated text with a header line nor JSON Lines."


def _limited(rows: Iterator[Row | RejectedRow]) -> Iterator[Row | RejectedRow]:
    for count, row in enumerate(rows, start=1):
        if count > MAX_ROWS:
            raise FeedRefused("TooManyRows", f"The feed has more than {MAX_ROWS} rows, which is the limit.")
        yield row


def _encoding(stream: BinaryIO) -> str:
    """CP1252 if most of the lines that can tell are not UTF-8, else UTF-8. Raises FeedRefused for binaries."""
    sample = stream.read(_SAMPLE)
    stream.seek(0)
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    controls = len(re.findall(rb"[\x00-\x08\x0e-\x1f]", sample))
    if b"\x00" in sample or controls * 100 > len(sample):
        raise FeedRefused("UnknownFeedFormat", "The feed is a binary file. Upload tab-separated text or JSON Lines.")
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    good = bad = 0
    while line := stream.readline(MAX_LINE):
        if line.isascii():
            continue
        try:
            line.decode()
            good += 1
        except UnicodeDecodeError:
            bad += 1
    stream.seek(0)
    return "cp1252" if bad > good else "utf-8"


class _Lines:
    """Lines without their ends, of any of the three kinds. Bytes that are not in the encoding become surrogates."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        # A trailing odd byte or a lone surrogate of UTF-16 is no reason to lose the feed; neither can be kept, though.
        errors = "replace" if encoding == "utf-16" else "surrogateescape"
        self._text = io.TextIOWrapper(cast("io.BufferedReader", stream), encoding, errors, newline=None)
        self._waiting: deque[str] = deque()
        self._ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._waiting:
            return self._waiting.popleft()
        line = "" if self._ended else self._text.readline(MAX_LINE + 1)
        if not line:
            if not self._ended:
                # The caller's file stays open when this wrapper is collected.
                self._text.detach()
            self._ended = True
            raise StopIteration
        if len(line) > MAX_LINE and not line.endswith("\n"):
            while (rest := self._text.readline(MAX_LINE)) and not rest.endswith("\n"):
                pass
        return line.removesuffix("\n")

    def push_back(self, lines: Iterable[str]) -> None:
        """These come next."""
        self._waiting.extendleft(reversed(list(lines)))


def _name(column: str) -> str:
    """`Image Link`, `g:image_link` and `image_link` are one."""
    return re.sub(r"[ -]+", "_", column.strip().strip('"').lower().removeprefix("g:"))


def _header(line: str) -> list[str]:
    columns = [_name(column) for column in line.split("\t")]
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise FeedRefused("MissingColumns", f"The feed's header lacks: {', '.join(missing)}.")
    twice = sorted({name for name in columns if name and columns.count(name) > 1 and name != _LIST_FIELD})
    if twice:
        raise FeedRefused("DuplicateColumns", f"The feed's header names twice: {', '.join(twice)[:200]}.")
    return columns


def _too_long(number: int) -> RejectedRow:
    return RejectedRow(row=number, feed_id="", field="", reason=f"The line is longer than {MAX_LINE} characters")


def _tsv_rows(lines: _Lines, columns: list[str]) -> Iterator[Row | RejectedRow]:
    number = 0
    for line in lines:
        number += 1
        if not line.strip():
            continue
        if len(line) > MAX_LINE:
            yield _too_long(number)
            continue
        values = _split(line, lines, len(columns))
        while len(values) > len(columns) and not values[-1].strip():
            values.pop()
        if len(values) > len(columns):
            yield RejectedRow(
                row=number,
                feed_id=_given_id(columns, values),
                field="",
                reason=f"The row has {len(values)} fields, the header {len(columns)}",
            )
            continue
        fields: dict[str, object] = {}
        for name, value in zip(columns, values, strict=False):
            if value.strip():
                fields[name] = f"{fields[name]},{value}" if name in fields else value
        yield Row(number, fields)
    if number == 0:
        raise FeedRefused("EmptyFeed", "The feed has a header line and no product.")


def _given_id(columns: list[str], values: list[str]) -> str:
    return _printable(values[columns.index("id")].strip())


def _printable(text: str) -> str:
    """At most 50 characters, and of them only what a file can hold."""
    return text[:50].encode(errors="replace").decode()


_QUOTES = re.compile('"+')
_QUOTED = re.compile(r'"((?:[^"]|"")*+)"(?=\t|\Z)')


def _split(line: str, lines: _Lines, width: int) -> list[str]:
    """The fields of a line, and of those after it if a quoted field goes on there.

    A quote that is never closed as it should be is taken literally, so that one bad row does not swallow the next.
    """
    if '"' not in line:
        return line.split("\t")
    if not _opens(line):
        return _fields(line)
    taken: list[str] = []
    length = len(line)
    while len(taken) < _MAX_QUOTED_LINES and length < MAX_LINE:
        following = next(lines, None)
        if following is None:
            break
        taken.append(following)
        length += len(following) + 1
        # Only a quote can end the field: looking again at each line would make a long one quadratic.
        if '"' in following and not _opens(text := "\n".join([line, *taken])):
            fields = _fields(text)
            if len(fields) <= width:
                return fields
            break
    lines.push_back(taken)
    return _fields(line)


def _opens(text: str) -> bool:
    """Whether the last field begins with a quote that has no closing quote yet."""
    # Of a run of quotes that is odd one is left when the doubled ones are taken out. Found once: looking again at each
    # field would make a line of opening quotes quadratic.
    last_lone = max((run.start() for run in _QUOTES.finditer(text) if len(run[0]) % 2), default=-1)
    position = 0
    while position < len(text):
        run = _QUOTES.match(text, position)
        if run:
            match = _QUOTED.match(text, position)
            # The field's own first quote is no closing one: of its run the rest counts.
            if match is None and last_lone <= position and len(run[0]) % 2:
                return True
            position = match.end() if match else _next_tab(text, position)
        else:
            position = _next_tab(text, position)
        position += 1
    return False


def _next_tab(text: str, position: int) -> int:
    found = text.find("\t", position)
    return len(text) if found < 0 else found


def _fields(text: str) -> list[str]:
    fields: list[str] = []
    position = 0
    while position <= len(text):
        match = _QUOTED.match(text, position)
        if match:
            fields.append(match[1].replace('""', '"'))
            position = match.end() + 1
        else:
            end = _next_tab(text, position)
            fields.append(text[position:end])
            position = end + 1
    return fields


def _json_rows(lines: _Lines) -> Iterator[Row | RejectedRow]:
    number = 0
    for line in lines:
        number += 1
        if not line.strip():
            continue
        if len(line) > MAX_LINE:
            yield _too_long(number)
            continue
        try:
            value: object = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield RejectedRow(row=number, feed_id="", field="", reason=f"The line is not JSON: {str(error)[:200]}")
            continue
        if not isinstance(value, dict):
            yield RejectedRow(row=number, feed_id="", field="", reason="The line is not a JSON object")
            continue
        given = cast("dict[str, object]", value)
        yield Row(number, {_name(name): field for name, field in given.items() if field not in (None, "", [])})


def quarantine_csv(rejected: Iterable[RejectedRow]) -> bytes:
    """The quarantine file: UTF-8 with row, id, field, reason.

    A value that a spreadsheet would run as a formula is preceded by an apostrophe:
    https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["row", "id", "field", "reason"])
    for row in rejected:
        writer.writerow([row.row, *(_harmless(value) for value in (row.feed_id, row.field, row.reason))])
    return text.getvalue().encode(errors="replace")


def _harmless(value: str) -> str:
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else value
