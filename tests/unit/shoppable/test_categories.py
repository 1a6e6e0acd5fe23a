import pytest

from functions.shoppable.categories import top_category


@pytest.mark.parametrize(
    ("category", "top"),
    [
        ("Home & Garden > Kitchen & Dining > Tableware", "Home & Garden"),
        ("Electronics", "Electronics"),
        ("166", "Apparel & Accessories"),
        ("1604", ""),
        (" Our own > Teas", "Our own"),
        ("", ""),
        (None, ""),
    ],
)
def test_should_name_the_top_level_of_a_category(category, top):
    assert top_category(category) == top
