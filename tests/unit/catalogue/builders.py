"""Feeds, pictures and contracts, with what a test cares about given by name."""

from typing import Any

import cv2
import numpy as np

from functions.contracts import ids
from functions.contracts.catalogue import CatalogueImport, ImageLink, Money, Product
from functions.shoppable.pictures import Image

SHOP = "demo-shop"
COLUMNS = ("id", "title", "link", "image_link", "additional_image_link", "price", "availability", "item_group_id")


def any_fields(number: int = 1, **given: object) -> dict[str, object]:
    """The fields of a feed row; None leaves one out."""
    fields: dict[str, object] = {
        "id": f"sku-{number}",
        "title": f"Tea number {number}",
        "link": f"https://shop.example/p/{number}",
        "image_link": f"tea-{number}.png",
        "price": "12.99 EUR",
        "availability": "in_stock",
    }
    return {name: value for name, value in (fields | given).items() if value is not None}


def tsv(*rows: dict[str, object], columns: tuple[str, ...] = COLUMNS) -> bytes:
    lines = ["\t".join(columns), *("\t".join(str(row.get(name, "")) for name in columns) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def any_product(number: int = 1, **given: Any) -> Product:
    feed_id = f"sku-{number}"
    fields: dict[str, Any] = {
        "product_id": ids.product_id(SHOP, feed_id),
        "shop_id": SHOP,
        "feed_id": feed_id,
        "title": f"Tea number {number}",
        "link": f"https://shop.example/p/{number}",
        "image_links": (ImageLink(source=f"tea-{number}.png"),),
        "price": Money(minor_units=1299, currency="EUR"),
        "availability": "in_stock",
    }
    return Product.model_validate(fields | given)


def any_import(version_id: str = "1", **given: Any) -> CatalogueImport:
    key = f"feeds/{SHOP}/feed.tsv"
    fields: dict[str, Any] = {
        "shop_id": SHOP,
        "import_id": ids.import_id(SHOP, key, version_id),
        "bucket": "catalogue",
        "key": key,
        "version_id": version_id,
        "sequencer": "0" * 31 + "1",
    }
    return CatalogueImport.model_validate(fields | given)


def any_picture(seed: int = 1, size: tuple[int, int] = (160, 120)) -> Image:
    """A textured picture, (width, height)."""
    width, height = size
    rough = np.random.default_rng(seed).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def encoded(image: Any, suffix: str = ".png") -> bytes:
    return cv2.imencode(suffix, image)[1].tobytes()
