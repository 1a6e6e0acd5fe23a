import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from functions.catalogue.publish_catalogue.logic import Marked, Row
from functions.contracts.catalogue import Product, ProductImage
from functions.shared.errors import Permanent, Transient, aws_errors, error_code
from functions.shared.live import RECORD, LiveCatalogue, deserialise, find_live, serialise
from functions.shared.objects import JSON, JSON_LINES, find_bytes, put_bytes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_CHUNK = 1 << 20
_SHORT = "public, max-age=60"
_WRITE_ATTEMPTS = 8
# S3's sequencers order the versions of one key; between two feeds of a shop the one that publishes last wins.
_NOT_NEWER = "attribute_not_exists(#sequencer) OR #feed_key <> :feed_key OR #sequencer <= :sequencer"


class AwsStore:
    """The catalogue and delivery buckets, the products and imports tables."""

    def __init__(
        self,
        s3: "S3Client",
        dynamodb: "DynamoDBClient",
        *,
        catalogue_bucket: str,
        delivery_bucket: str,
        imports_table: str,
        products_table: str,
        now: str,
        wait: Callable[[float], None],
    ) -> None:
        self._s3 = s3
        self._dynamodb = dynamodb
        self._catalogue = catalogue_bucket
        self._delivery = delivery_bucket
        self._imports = imports_table
        self._products = products_table
        self._now = now
        self._wait = wait

    def products(self, key: str) -> Iterator[Product]:
        """The revision's products, sorted by product_id."""
        return (Product.model_validate_json(line) for line in self._lines(key))

    def images(self, key: str) -> Iterator[ProductImage]:
        """The revision's pictures, of each product in the feed's order."""
        return (ProductImage.model_validate_json(line) for line in self._lines(key))

    def _lines(self, key: str) -> Iterator[bytes]:
        with aws_errors(f"get s3://{self._catalogue}/{key}"):
            yield from self._s3.get_object(Bucket=self._catalogue, Key=key)["Body"].iter_lines(_CHUNK)

    def put_products(self, rows: list[Row], revision: str) -> None:
        """Writes at most 25 rows, and again those that DynamoDB did not take: that is its back-pressure."""
        left: dict[str, Any] = {
            self._products: [
                {
                    "PutRequest": {
                        "Item": serialise(
                            {
                                **row.product.model_dump(mode="json"),
                                "revision": revision,
                                "image_sha256": row.image_sha256,
                                "matching": row.matching,
                            }
                        )
                    }
                }
                for row in rows
            ]
        }
        for attempt in range(_WRITE_ATTEMPTS):
            with aws_errors(f"write to {self._products}"):
                left = dict(self._dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems") or {})
            if not left:
                return
            self._wait(0.05 * 2**attempt)
        raise Transient(f"write to {self._products}: DynamoDB took not all of the rows")

    def offers(self, shop_id: str, revision: str) -> dict[str, bytes]:
        """Canonical offers of a revision by product; none when it never came to write them."""
        body = find_bytes(self._s3, self._catalogue, _offers_key(shop_id, revision))
        return {json.loads(line)["product_id"]: line for line in (body or b"").splitlines()}

    def put_offers(self, shop_id: str, revision: str, offers: dict[str, bytes]) -> None:
        """What the next import compares with."""
        body = b"".join(offers[product_id] + b"\n" for product_id in sorted(offers))
        put_bytes(self._s3, self._catalogue, _offers_key(shop_id, revision), body, JSON_LINES)

    def put_offer(self, shop_id: str, product_id: str, offer: bytes) -> None:
        """What the storefront reads."""
        put_bytes(self._s3, self._delivery, f"offers/{shop_id}/{product_id}.json", offer, JSON, _SHORT)

    def live(self, shop_id: str) -> LiveCatalogue | None:
        """The shop's live catalogue."""
        return find_live(self._dynamodb, self._imports, shop_id)

    def mark(self, catalogue: LiveCatalogue) -> Marked | None:
        """Adds the revision to those whose offers may be there. None, and no mark, when a newer feed is live."""
        with aws_errors(f"mark {catalogue.revision} in {self._imports}"):
            try:
                before = self._dynamodb.update_item(
                    TableName=self._imports,
                    Key=_key(catalogue.shop_id, RECORD),
                    UpdateExpression="ADD #pending :own",
                    ConditionExpression=_NOT_NEWER,
                    ExpressionAttributeNames={
                        "#pending": "offers_pending",
                        "#sequencer": "sequencer",
                        "#feed_key": "feed_key",
                    },
                    ExpressionAttributeValues={
                        ":own": {"SS": [catalogue.revision]},
                        ":sequencer": {"S": catalogue.sequencer},
                        ":feed_key": {"S": catalogue.feed_key},
                    },
                    ReturnValues="ALL_OLD",
                )
            except ClientError as error:
                if error_code(error) == "ConditionalCheckFailedException":
                    return None
                raise
        record = deserialise(before.get("Attributes", {}))
        return Marked(record.get("revision"), frozenset(record.get("offers_pending", ())))

    def unmark(self, shop_id: str, revision: str) -> None:
        """Takes the mark away."""
        with aws_errors(f"unmark {revision} in {self._imports}"):
            self._dynamodb.update_item(
                TableName=self._imports,
                Key=_key(shop_id, RECORD),
                UpdateExpression="DELETE #pending :own",
                ExpressionAttributeNames={"#pending": "offers_pending"},
                ExpressionAttributeValues={":own": {"SS": [revision]}},
            )

    def go_live(self, catalogue: LiveCatalogue, marked: Marked, import_id: str, counts: dict[str, int]) -> bool:
        """The pointer and the import's status in one transaction; False when the pointer is not what it was."""
        as_it_was = "#revision = :expected" if marked.revision else "attribute_not_exists(#revision)"
        expected = {":expected": {"S": marked.revision}} if marked.revision else {}
        pointer = catalogue.model_dump(exclude={"shop_id", "offers_pending"})
        pointer["updated_at"] = self._now
        status = {"state": "live", "revision": catalogue.revision, **counts, "updated_at": self._now}
        with aws_errors(f"swap the live catalogue of {catalogue.shop_id}"):
            try:
                self._dynamodb.transact_write_items(
                    TransactItems=[
                        {
                            "Update": {
                                "TableName": self._imports,
                                "Key": _key(catalogue.shop_id, RECORD),
                                "UpdateExpression": f"{_set(pointer)} DELETE #pending :done",
                                "ConditionExpression": f"({_NOT_NEWER}) AND {as_it_was}",
                                "ExpressionAttributeNames": {**_names(pointer), "#pending": "offers_pending"},
                                "ExpressionAttributeValues": {
                                    **_values(pointer),
                                    **expected,
                                    ":done": {"SS": sorted({catalogue.revision, *marked.pending})},
                                },
                            }
                        },
                        {
                            "Update": {
                                "TableName": self._imports,
                                "Key": _key(catalogue.shop_id, f"import#{import_id}"),
                                "UpdateExpression": f"{_set(status)} REMOVE #step, #reason",
                                "ExpressionAttributeNames": {**_names(status), "#step": "step", "#reason": "reason"},
                                "ExpressionAttributeValues": _values(status),
                            }
                        },
                    ]
                )
            except self._dynamodb.exceptions.TransactionCanceledException as error:
                codes = {reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])}
                if codes <= {"ConditionalCheckFailed", "None"}:
                    return False
                # Another import's transaction, or throttling: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
                kind = Permanent if "ValidationError" in codes else Transient
                raise kind(f"swap the live catalogue of {catalogue.shop_id}: {error}") from error
        return True


def _offers_key(shop_id: str, revision: str) -> str:
    return f"revisions/{shop_id}/{revision}/offers.jsonl"


def _key(shop_id: str, record: str) -> dict[str, Any]:
    return serialise({"shop_id": shop_id, "record": record})


def _set(fields: dict[str, Any]) -> str:
    return "SET " + ", ".join(f"#{name} = :{name}" for name in fields)


def _names(fields: dict[str, Any]) -> dict[str, str]:
    return {f"#{name}": name for name in fields}


def _values(fields: dict[str, Any]) -> dict[str, Any]:
    return {f":{name}": value for name, value in serialise(fields).items()}
