"""What the shop sells: product lines with their flavours, and the feed that says so.

The feed's columns are those of Google Merchant's product data specification.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from demo.illustrations import ILLUSTRATIONS
from demo.labels import Design
from demo.words import Rng, author, book_title, brand_name, gtin13, palette, turned

COLUMNS: Final = (
    "id",
    "item_group_id",
    "title",
    "description",
    "link",
    "image_link",
    "additional_image_link",
    "price",
    "sale_price",
    "sale_price_effective_date",
    "availability",
    "brand",
    "gtin",
    "condition",
    "product_type",
)


@dataclass(frozen=True)
class Article:
    """One row of the feed and how it looks."""

    feed_id: str
    group: str
    title: str
    description: str
    brand: str
    gtin: str
    price_cents: int
    sale_cents: int | None
    availability: str
    category: str
    form: str
    design: Design

    def row(self, images: list[str]) -> tuple[str, ...]:
        """The feed row, `images` being file names."""
        sale = f"{self.sale_cents / 100:.2f} EUR" if self.sale_cents else ""
        window = "2026-01-01T00:00+0000/2036-12-31T23:59+0000" if self.sale_cents else ""
        return (
            self.feed_id,
            self.group,
            self.title,
            self.description,
            f"https://shop.example/p/{self.feed_id.lower()}",
            images[0],
            ",".join(images[1:]),
            f"{self.price_cents / 100:.2f} EUR",
            sale,
            window,
            self.availability,
            self.brand,
            self.gtin,
            "new",
            self.category,
        )


@dataclass(frozen=True)
class Line:
    """A brand's product in several flavours: (name, illustration) each."""

    code: str
    form: str
    layout: str
    noun: str
    tagline: str
    weight: str
    cents: tuple[int, int]
    category: str
    flavours: tuple[tuple[str, str], ...]


LINES: Final = (
    Line(
        "MUE",
        "box",
        "classic",
        "Crunchy Muesli",
        "slow-baked oats and honey",
        "450 g",
        (349, 599),
        "Food > Breakfast",
        (("Forest Berry", "berries"), ("Golden Wheat", "wheat")),
    ),
    Line(
        "TEA",
        "small-box",
        "apothecary",
        "Herbal Tea",
        "twenty sachets",
        "40 g",
        (289, 459),
        "Food > Tea",
        (("Garden Mint", "sprig"), ("Wild Rose", "flower"), ("Orange Blossom", "citrus")),
    ),
    Line(
        "COF",
        "pouch",
        "scene",
        "Coffee Beans",
        "single origin, medium roast",
        "500 g",
        (899, 1499),
        "Food > Coffee",
        (("Alto Peak", "peaks"), ("Night Roast", "beans")),
    ),
    Line(
        "CHO",
        "bar",
        "wide",
        "Chocolate",
        "stone-ground cocoa",
        "90 g",
        (249, 449),
        "Food > Confectionery",
        (("Sea Salt", "sun"), ("Blood Orange", "citrus"), ("Raspberry", "berries")),
    ),
    Line(
        "JUI",
        "carton",
        "modern",
        "Pressed Juice",
        "nothing added",
        "1 l",
        (229, 399),
        "Food > Drinks",
        (("Citrus Grove", "citrus"), ("Red Berry", "berries")),
    ),
    Line(
        "TOM",
        "tin",
        "classic",
        "Plum Tomatoes",
        "sun-ripened, peeled",
        "400 g",
        (129, 249),
        "Food > Pantry",
        (("Classico", "tomato"), ("Arrabbiata", "chili"), ("Con Basilico", "sprig")),
    ),
    Line(
        "SAR",
        "bar",
        "wide",
        "Sardines in Olive Oil",
        "caught by hand",
        "125 g",
        (349, 649),
        "Food > Pantry",
        (("Atlantic", "fish"),),
    ),
    Line(
        "OIL",
        "bottle",
        "apothecary",
        "Olive Oil",
        "first cold pressing",
        "750 ml",
        (999, 1799),
        "Food > Pantry",
        (("Extra Virgin", "olives"),),
    ),
    Line(
        "CRI",
        "pouch",
        "dynamic",
        "Kettle Chips",
        "thick cut",
        "150 g",
        (199, 349),
        "Food > Snacks",
        (("Hot Chili", "chili"), ("Tomato & Herb", "tomato")),
    ),
    Line(
        "SHA",
        "bottle",
        "scatter",
        "Shampoo",
        "for every day",
        "300 ml",
        (499, 899),
        "Beauty > Hair",
        (("Meadow Flower", "flower"), ("Citrus Fresh", "citrus")),
    ),
    Line(
        "CRE",
        "tube",
        "modern",
        "Hand Cream",
        "with oat oil",
        "75 ml",
        (599, 1299),
        "Beauty > Skin",
        (("Soft Wheat", "wheat"),),
    ),
    Line(
        "PAR",
        "small-box",
        "swiss",
        "Eau de Parfum",
        "50 ml natural spray",
        "50 ml",
        (3900, 7900),
        "Beauty > Fragrance",
        (("Rue Onze", "rings"),),
    ),
    Line("NOV", "book", "scene", "", "a novel", "", (1200, 2400), "Books > Fiction", (("", "town"),)),
    Line("THR", "book", "poster", "", "the bestselling thriller", "", (999, 1699), "Books > Crime", (("", "bird"),)),
    Line("KID", "book", "scatter", "", "a picture book", "", (1299, 1899), "Books > Children", (("", "cat"),)),
    Line(
        "POS",
        "poster",
        "poster",
        "Art Print",
        "limited edition print",
        "50 x 70",
        (2900, 5900),
        "Home > Wall Art",
        (("Orbit Station", "planet"), ("Harbour Morning", "sun"), ("High Country", "peaks")),
    ),
    Line(
        "SNE",
        "wide-box",
        "wide",
        "Court Sneakers",
        "size 42",
        "EU 42",
        (7900, 12900),
        "Shoes > Sneakers",
        (("Runner One", "rings"), ("Comet Low", "rocket")),
    ),
    Line(
        "TEE",
        "shirt",
        "poster",
        "T-Shirt",
        "organic cotton",
        "M",
        (1900, 2900),
        "Clothing > Shirts",
        (("Moon Cat", "cat"), ("Lift Off", "rocket"), ("Song Bird", "bird")),
    ),
    Line(
        "GAM",
        "game",
        "dynamic",
        "Board Game",
        "2 to 5 players, 45 minutes",
        "8+",
        (2900, 4900),
        "Toys > Games",
        (("Port of Call", "town"),),
    ),
    Line(
        "VIN",
        "record",
        "swiss",
        "LP",
        "180 g vinyl",
        "LP",
        (2200, 3400),
        "Music > Vinyl",
        (("Slow Signals", "planet"),),
    ),
)


def _article(
    rng: Rng,
    line: Line,
    number: int,
    brand: str,
    palette_number: int,
    seed: int,
    flavour: tuple[str, str],
    pattern: int,
    prefix: str,
) -> Article:
    name, illustration = flavour
    book = not line.noun
    inks = palette(palette_number)
    if number:
        inks = turned(inks, number * float(rng.uniform(0.2, 0.3)), float(rng.uniform(0.85, 1.1)))
    title = name or book_title(rng)
    by = author(rng) if book else brand
    gtin = gtin13(rng)
    cents = round(float(rng.uniform(*line.cents)) / 10) * 10 - 1
    design = Design(
        by,
        title,
        line.tagline,
        illustration,
        inks,
        pattern,
        line.layout,
        seed,
        int(rng.integers(1 << 30)),
        line.weight,
        gtin,
    )
    full = f"{title} – {by}" if book else f"{by} {line.noun} {title}" + (f", {line.weight}" if line.weight else "")
    availability = (
        "in_stock",
        "in_stock",
        "in_stock",
        "in_stock",
        "in_stock",
        "out_of_stock",
        "preorder",
        "backorder",
    )[int(rng.integers(8))]
    sale = round(cents * 0.8 / 10) * 10 - 1 if rng.random() < 0.25 else None
    described = f"{title}: {line.tagline}. {line.noun or 'Book'} by {by}, {line.weight or 'hardcover'}."
    return Article(
        f"{prefix}{line.code}-{number + 1:02d}",
        f"{prefix}{line.code}" if len(line.flavours) > 1 else "",
        full,
        described,
        by,
        gtin,
        cents,
        sale,
        availability,
        line.category,
        line.form,
        design,
    )


def catalogue(seed: int, prefix: str = "") -> list[Article]:
    """The shop's products: every line in all its flavours, with brands, colours and patterns by seed."""
    articles: list[Article] = []
    order = np.random.default_rng((seed, 11)).permutation(16)
    for index, line in enumerate(LINES):
        rng = np.random.default_rng((seed, 1, index))
        brand, shared, pattern = brand_name(rng), int(rng.integers(1 << 30)), int(rng.integers(11))
        articles += [
            _article(rng, line, number, brand, int(order[index % 16]), shared, flavour, pattern, prefix)
            for number, flavour in enumerate(line.flavours)
        ]
    return articles


def decoys(seed: int, count: int) -> list[Article]:
    """Products of the same kind that the shop does not sell."""
    rng = np.random.default_rng((seed, 2))
    picked = rng.choice(len(LINES), count, replace=False)
    order = np.random.default_rng((seed, 11)).permutation(16)
    result: list[Article] = []
    kinds = list(ILLUSTRATIONS)
    for index in (int(k) for k in picked):
        line = LINES[index]
        flavour = (f"{brand_name(rng)}", kinds[int(rng.integers(len(kinds)))])
        layouts = (
            ("wide",)
            if line.form in {"bar", "wide-box"}
            else ("classic", "modern", "scene", "scatter", "apothecary", "dynamic")
        )
        line = Line(
            line.code,
            line.form,
            layouts[int(rng.integers(len(layouts)))],
            line.noun,
            line.tagline,
            line.weight,
            line.cents,
            line.category,
            (flavour,),
        )
        number = int(order[(index + 5) % 16])
        result.append(
            _article(
                rng,
                line,
                0,
                brand_name(rng, tail=True),
                number,
                int(rng.integers(1 << 30)),
                flavour,
                int(rng.integers(11)),
                "UNKNOWN-",
            )
        )
    return result


def distractor(seed: int, number: int) -> Article:
    """The `number`th of any amount of further products: other brands, names, colours and pictures."""
    rng = np.random.default_rng((seed, 3, number))
    line = LINES[int(rng.integers(len(LINES)))]
    kinds = list(ILLUSTRATIONS)
    layouts = (
        ("wide",)
        if line.form in {"bar", "wide-box"}
        else ("classic", "modern", "scene", "scatter", "apothecary", "dynamic", "swiss", "poster")
    )
    name = f"{brand_name(rng)} {book_title(rng).split()[-1]}"
    line = Line(
        f"X{number:06d}",
        line.form,
        layouts[int(rng.integers(len(layouts)))],
        line.noun,
        line.tagline,
        f"{int(rng.integers(5, 99)) * 10} g",
        line.cents,
        line.category,
        ((name, kinds[int(rng.integers(len(kinds)))]),),
    )
    article = _article(
        rng,
        line,
        0,
        brand_name(rng, tail=True),
        int(rng.integers(16)),
        int(rng.integers(1 << 30)),
        line.flavours[0],
        int(rng.integers(11)),
        "",
    )
    inks = turned(article.design.inks, float(rng.uniform(0, 1)), float(rng.uniform(0.75, 1.15)))
    return replace(article, design=replace(article.design, inks=inks))
