"""Real photographs: studio pictures as the catalogue, phone photographs in a shop as scenes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from functions.shoppable.image import Image

GROCERIES: Final = Path(__file__).parents[3] / "shared" / "data" / "grocery-packages"

NEIGHBOURS: Final = frozenset(
    {
        ("Alpro-Blueberry-Soyghurt/0", "Oatly-Natural-Oatghurt"),
        ("Alpro-Fresh-Soy-Milk/3", "Alpro-Shelf-Soy-Milk"),
        ("Alpro-Vanilla-Soyghurt/0", "Alpro-Shelf-Soy-Milk"),
        ("Alpro-Vanilla-Soyghurt/1", "Oatly-Oat-Milk"),
        ("Arla-Ecological-Medium-Fat-Milk/0", "Garant-Ecological-Standard-Milk"),
        ("Arla-Lactose-Medium-Fat-Milk/0", "Arla-Ecological-Medium-Fat-Milk"),
        ("Arla-Natural-Mild-Low-Fat-Yoghurt/0", "Arla-Mild-Vanilla-Yoghurt"),
        ("Bravo-Apple-Juice/3", "God-Morgon-Apple-Juice"),
        ("Garant-Ecological-Medium-Fat-Milk/2", "Garant-Ecological-Standard-Milk"),
        ("Garant-Ecological-Medium-Fat-Milk/3", "Garant-Ecological-Standard-Milk"),
        ("God-Morgon-Orange-Red-Grapefruit-Juice/0", "God-Morgon-Red-Grapefruit-Juice"),
        ("God-Morgon-Orange-Red-Grapefruit-Juice/2", "God-Morgon-Red-Grapefruit-Juice"),
        ("Oatly-Natural-Oatghurt/1", "Alpro-Blueberry-Soyghurt"),
        ("Oatly-Natural-Oatghurt/1", "Alpro-Shelf-Soy-Milk"),
        ("Oatly-Natural-Oatghurt/2", "Alpro-Blueberry-Soyghurt"),
        ("Oatly-Natural-Oatghurt/3", "Alpro-Fresh-Soy-Milk"),
        ("Oatly-Oat-Milk/2", "Oatly-Natural-Oatghurt"),
        ("Yoggi-Vanilla-Yoghurt/0", "Valio-Vanilla-Yoghurt"),
        ("Yoggi-Vanilla-Yoghurt/2", "Valio-Vanilla-Yoghurt"),
    }
)
"""What stands, or may stand (cut off, or too small for a person to tell), beside the subject of a photograph, as a
person saw who looked at what was reported: neither right nor wrong. Reports give the count without this too.
"""


@dataclass(frozen=True, eq=False, kw_only=True)
class Photograph:
    """One scene."""

    name: str
    """`product/number`."""
    product: str
    image: Image

    @property
    def brand(self) -> str:
        """Look-alikes are of one brand: folds are by brand, so that no product is judged by what its like taught."""
        return self.product.split("-")[0]


def read(path: Path) -> Image:
    """A picture, as uint8 BGR."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(path)
    return np.asarray(image, np.uint8)


def studio_pictures(folder: Path = GROCERIES) -> Iterator[tuple[str, Image]]:
    """(product, picture) of the catalogue."""
    for path in sorted((folder / "catalogue").glob("*.jpg")):
        yield path.stem, read(path)


def photographs(folder: Path = GROCERIES) -> Iterator[Photograph]:
    """The scenes, in order of their names."""
    for path in sorted((folder / "scenes").glob("*/*.jpg")):
        yield Photograph(name=f"{path.parent.name}/{path.stem}", product=path.parent.name, image=read(path))
