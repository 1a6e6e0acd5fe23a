import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from functions.shoppable.image import Image
from functions.shoppable.matching.features import describe_image
from functions.shoppable.matching.index import Reference
from functions.shoppable.matching.surface import (
    INDISTINCT,
    Drawing,
    Likeness,
    Matrix,
    Surface,
    contest,
    distinct,
    draw,
    likeness,
    surface,
)
from tests.unit.shoppable.clips import texture

FRAME = (960, 540)
AT_X, AT_Y, SHRINK = 340, 80, 0.8
POSE = np.array([[SHRINK, 0, AT_X], [0, SHRINK, AT_Y], [0, 0, 1.0]])


def reference(picture: Image) -> Reference:
    high, wide = picture.shape[:2]
    features = describe_image(picture)
    return Reference(
        width=float(wide),
        height=float(high),
        points=np.zeros((0, 4), np.float32),
        descriptors=np.zeros((0, 128), np.float32),
        outline=np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32),
        jpeg=features.picture,
    )


def frame_with(picture: Image, pose: Matrix = POSE) -> Image:
    frame = np.full((FRAME[1], FRAME[0], 3), 120, np.uint8)
    cv2.warpPerspective(picture, pose, FRAME, dst=frame, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_TRANSPARENT)
    return frame


def look_alike(flavour: int) -> Image:
    image = texture(900)
    image[120:290, 60:240] = cv2.resize(texture(950 + flavour), (180, 170))
    return image


def hull(pose: Matrix, width: float = 1.0) -> NDArray[np.float32]:
    """Of a product picture, or of so much of it from the left, in the frame."""
    high, wide = texture(1).shape[:2]
    corners = np.array([(0, 0), (width * wide, 0), (width * wide, high), (0, high)], np.float32)
    return cv2.perspectiveTransform(corners[None], pose)[0]


def compared(
    shown: Image, *pictures: Image, pose: Matrix = POSE, frame: Image | None = None, core: float = 1.0
) -> tuple[Surface, list[Drawing]]:
    seen = surface(POSE, reference(pictures[0]), FRAME, frame_with(shown, pose) if frame is None else frame)
    return seen, [draw(seen, POSE, hull(POSE, core), reference(picture)) for picture in pictures]


def alike(shown: Image, picture: Image, **given) -> Likeness:
    seen, (drawn,) = compared(shown, picture, **given)
    found = likeness(seen, drawn)
    assert found is not None
    return found


def test_should_find_a_picture_like_itself_and_unlike_another():
    same, other = alike(texture(1), texture(1)), alike(texture(1), texture(2))

    assert same.structure > 0.8
    assert same.colour > 0.8
    assert same.structure > other.structure + 0.4
    assert same.off_colour < other.off_colour


@pytest.mark.parametrize("light", [0.5, 0.75, 1.2])
def test_should_not_mind_brighter_or_darker_light(light):
    lit = np.clip(texture(1).astype(np.float32) * light, 0, 255).astype(np.uint8)

    plain, found = alike(texture(1), texture(1)), alike(lit, texture(1))

    assert found.structure > plain.structure - 0.1
    assert found.off_colour < plain.off_colour + 3


def test_should_see_that_print_is_the_same_in_another_colour():
    other = np.ascontiguousarray(texture(1)[..., [2, 0, 1]])

    same, recoloured = alike(texture(1), texture(1)), alike(other, texture(1))

    assert recoloured.colour < same.colour - 0.3
    assert recoloured.off_colour > same.off_colour + 5


@pytest.mark.parametrize("visible", [0.3, 0.6])
def test_should_compare_the_colour_of_a_hand_not_even_at_its_edge(visible):
    held = texture(1).copy()
    held[:, round(held.shape[1] * visible) :] = (120, 150, 200)

    free, found = alike(texture(1), texture(1)), alike(held, texture(1))

    assert found.colour > free.colour - 0.03
    assert found.off_colour < free.off_colour + 1


def test_should_compare_nothing_of_what_is_behind_a_shirt_between_its_sleeves():
    high, wide = texture(1).shape[:2]
    shirt = np.zeros((high, wide), np.uint8)
    cv2.rectangle(shirt, (4, 4), (wide - 5, high // 3), 255, cv2.FILLED)
    cv2.rectangle(shirt, (wide // 3, 4), (2 * wide // 3, high - 5), 255, cv2.FILLED)
    studio, room = (np.where(shirt[..., None] > 0, texture(1), np.uint8(behind)) for behind in (255, (60, 120, 200)))

    there, elsewhere = alike(studio, studio), alike(room, studio)

    assert elsewhere.structure > there.structure - 0.04
    assert elsewhere.colour > there.colour - 0.02
    assert elsewhere.off_colour < there.off_colour + 2


def test_should_know_a_colour_from_the_cast_of_warm_light():
    warm = np.clip(texture(1) * np.array([0.8, 0.95, 1.05]), 0, 255).astype(np.uint8)

    free, found = alike(texture(1), texture(1)), alike(warm, texture(1))

    assert found.off_colour < free.off_colour + 1


def test_should_hold_nothing_against_a_picture_without_colours():
    gray = np.repeat(texture(1).mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    other = np.ascontiguousarray(texture(1)[..., [2, 0, 1]])

    assert alike(gray, gray).colour > 0.8
    assert alike(other, texture(1)).colour < 0.5


def test_should_judge_what_is_firmly_found_apart_from_what_a_hand_covers():
    held = texture(1).copy()
    held[:, held.shape[1] // 2 :] = texture(7)[:, held.shape[1] // 2 :]

    found = alike(held, texture(1), core=0.45)

    assert found.core == pytest.approx(0.45, abs=0.05)
    assert found.core_structure > 0.8
    assert found.core_structure > found.structure + 0.1


@pytest.mark.parametrize("light", [1.0, 0.3])
def test_should_hold_nothing_against_print_that_something_plain_hides(light):
    free, held, other = texture(1), texture(1).copy(), texture(1).copy()
    from_top = free.shape[0] * 2 // 5
    size = (free.shape[1], free.shape[0] - from_top)
    grain = cv2.resize(np.random.default_rng(1).normal(0, 8, (size[1] // 8, size[0] // 8)), size)
    held[from_top:] = np.clip(np.array([110, 140, 190]) + grain[..., None], 0, 255).astype(np.uint8)
    other[from_top:] = texture(7)[from_top:]

    whole, hidden, printed = (
        alike((shown * light).astype(np.uint8), texture(1)).structure for shown in (free, held, other)
    )

    assert hidden > whole - 0.1
    assert printed < whole - 0.3


def test_should_see_a_drawing_in_the_core_that_is_another():
    same, other = (alike(look_alike(flavour), look_alike(1)) for flavour in (1, 2))

    assert other.core_structure > 0.6
    assert same.core_worst > 0.6
    assert other.core_worst < same.core_worst - 0.3


def test_should_tell_how_much_print_agrees():
    held = texture(1).copy()
    held[:, held.shape[1] // 2 :] = (120, 150, 200)

    free, half, other = (alike(shown, texture(1)) for shown in (texture(1), held, texture(2)))

    assert 0.3 < half.agreeing / free.agreeing < 0.7
    assert other.agreeing < 0.5 * free.agreeing


def test_should_have_no_core_where_nothing_is_firmly_found():
    seen = surface(POSE, reference(texture(1)), FRAME, frame_with(texture(1)))
    drawn = draw(seen, POSE, np.zeros((0, 2), np.float32), reference(texture(1)))

    found = likeness(seen, drawn)

    assert found is not None
    assert (found.core, found.core_structure, found.core_worst) == (0.0, 0.0, 0.0)
    assert distinct(seen, drawn, drawn) == INDISTINCT


def test_should_bend_onto_a_surface_that_is_a_few_pixels_off():
    off = POSE + np.array([[0, 0, 6.0], [0, 0, -5.0], [0, 0, 0]])

    found = alike(texture(1), texture(1), pose=off)

    assert found.structure > 0.7


def test_should_compare_what_is_inside_when_a_product_is_cut_off_by_the_frame():
    frame = frame_with(texture(1))
    pose = np.array([[SHRINK, 0, -100.0], [0, SHRINK, AT_Y], [0, 0, 1.0]])
    cut = frame_with(texture(1), pose)
    seen = surface(pose, reference(texture(1)), FRAME, cut)

    drawn = draw(seen, pose, hull(pose), reference(texture(1)))

    assert not seen.seen.all()
    assert surface(POSE, reference(texture(1)), FRAME, frame).seen.all()
    assert not (drawn.mask & ~seen.seen).any()
    found = likeness(seen, drawn)
    assert found is not None
    assert found.structure > 0.7


def test_should_not_judge_a_product_of_which_nearly_all_is_outside_the_frame():
    pose = np.array([[SHRINK, 0, -SHRINK * 298], [0, SHRINK, AT_Y], [0, 0, 1.0]])
    seen = surface(pose, reference(texture(1)), FRAME, frame_with(texture(1), pose))

    assert likeness(seen, draw(seen, pose, hull(pose), reference(texture(1)))) is None


def test_should_not_find_detail_in_a_plain_surface():
    plain = np.full((FRAME[1], FRAME[0], 3), 120, np.uint8)

    found = alike(texture(1), texture(1), frame=plain)

    assert found.structure < 0.1


@pytest.mark.parametrize(("shown", "sign"), [(0, 1), (1, -1)])
def test_should_side_with_the_look_alike_that_is_shown(shown, sign):
    seen, (first, second) = compared(look_alike(shown), look_alike(0), look_alike(1))

    structure, colour = contest(seen, first, second)

    assert sign * structure > 0.2
    assert sign * colour > 0.1


def test_should_change_sign_when_the_two_change_places():
    seen, (first, second) = compared(look_alike(0), look_alike(0), look_alike(1))

    forth, back = contest(seen, first, second), contest(seen, second, first)

    assert forth == pytest.approx((-back[0], -back[1]), abs=1e-4)


def test_should_not_side_with_either_of_two_equal_pictures():
    seen, (first, second) = compared(look_alike(0), look_alike(1), look_alike(1))

    assert contest(seen, first, second) == (0.0, 0.0)


def test_should_not_side_with_either_where_they_share_no_place():
    seen, (first,) = compared(texture(1), texture(1))
    away = np.array([[SHRINK, 0, AT_X + 600], [0, SHRINK, AT_Y], [0, 0, 1.0]])

    assert contest(seen, first, draw(seen, away, hull(away), reference(texture(1)))) == (0.0, 0.0)


def test_should_refuse_a_damaged_picture_of_the_index():
    broken = Reference(
        width=10, height=10, points=np.zeros((0, 4), np.float32), descriptors=np.zeros((0, 128), np.float32),
        outline=np.zeros((4, 2), np.float32), jpeg=b"no picture",
    )  # fmt: skip

    with pytest.raises(ValueError, match="damaged"):
        _ = broken.picture


def test_should_be_alike_only_with_the_look_alike_that_is_shown_in_what_tells_the_two_apart():
    seen, (first, second) = compared(look_alike(0), look_alike(0), look_alike(1))

    assert distinct(seen, first, second) > 0.7
    assert distinct(seen, second, first) < 0.3


def test_should_be_alike_with_neither_look_alike_when_a_third_one_is_shown():
    seen, (first, second) = compared(look_alike(2), look_alike(0), look_alike(1))

    assert max(distinct(seen, first, second), distinct(seen, second, first)) < INDISTINCT


def test_should_have_nothing_that_tells_two_equal_pictures_apart():
    seen, (first, second) = compared(look_alike(0), look_alike(1), look_alike(1))

    assert distinct(seen, first, second) == INDISTINCT


def test_should_be_less_alike_in_most_windows_with_another_flavour():
    right, wrong = alike(look_alike(0), look_alike(0)), alike(look_alike(0), look_alike(1))

    assert right.structure > 0.8
    assert right.structure > wrong.structure


def named(name: str) -> Image:
    image = texture(1)
    image[60:180] = (200, 210, 190)
    for row in range(2):
        cv2.putText(image, name, (14, 108 + 50 * row), cv2.FONT_HERSHEY_DUPLEX, 1.3, (40, 30, 20), 2, cv2.LINE_AA)
    return image


@pytest.mark.parametrize("blur", [0.0, 1.5])
def test_should_tell_a_name_from_another_of_about_its_length_though_all_else_is_the_same(blur):
    same, other = (
        alike(cv2.GaussianBlur(named(name), (0, 0), blur) if blur else named(name), named("MARDAKO"))
        for name in ("MARDAKO", "SUMETAD")
    )

    assert same.other_print < 0.005
    assert other.other_print > same.other_print + 0.01


@pytest.mark.parametrize("light", [0.3, 1.2])
def test_should_take_neither_light_nor_what_hides_print_for_other_print(light):
    held = named("MARDAKO")
    held[:, held.shape[1] // 2 :] = (120, 150, 200)
    lit = np.clip(named("MARDAKO") * light, 0, 255).astype(np.uint8)

    other = alike(texture(2), named("MARDAKO")).other_print
    assert alike(lit, named("MARDAKO")).other_print < 0.1 * other
    assert alike(held, named("MARDAKO")).other_print < 0.3 * other


def test_should_know_as_little_of_what_is_not_in_sight_as_of_what_was_not_asked():
    seen, (drawn,) = compared(np.full_like(texture(1), 120), texture(1))
    asked, not_asked = likeness(seen, drawn), likeness(seen, drawn, words=False)

    assert asked is not None
    assert asked == not_asked
