import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.contracts import ids
from functions.shoppable.appearances import box_iou
from functions.shoppable.matching.features import (
    ImageFeatures,
    describe_features,
    describe_frame,
    describe_image,
    silhouette_of,
)
from functions.shoppable.matching.index import IndexEntry, InstanceIndex, build_index
from functions.shoppable.matching.instance import InstanceMatcher
from functions.shoppable.matching.port import FrameMatch
from functions.shoppable.matching.shortlist import shortlist
from functions.shoppable.matching.verify import is_possible, project_points
from tests.unit.shoppable.clips import scene, texture

PRODUCTS = 12


def product(number: int) -> str:
    return ids.product_id("shop", str(number))


def seen_by(matcher: InstanceMatcher, picture) -> list[FrameMatch]:
    return [found.match for found in matcher.match(picture)]


def look_alike(flavour: int):
    """One brand's print; only the picture in its middle differs."""
    image = texture(900)
    image[120:290, 60:240] = cv2.resize(texture(950 + flavour), (180, 170))
    return image


def entry(number: int, image) -> IndexEntry:
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    return IndexEntry(product_id=product(number), image_sha256=digest, features=describe_image(image))


@pytest.fixture(scope="module")
def entries() -> list[IndexEntry]:
    return [
        *(entry(number, texture(number)) for number in range(PRODUCTS)),
        entry(100, look_alike(0)),
        entry(101, look_alike(1)),
    ]


@pytest.fixture(scope="module")
def matcher(entries, tmp_path_factory) -> InstanceMatcher:
    directory = tmp_path_factory.mktemp("index")
    build_index(entries, directory)
    return InstanceMatcher(InstanceIndex.load(directory))


def test_should_find_several_products_in_their_places(matcher):
    boxes = {3: (0.1, 0.2, 0.2, 0.5), 7: (0.55, 0.3, 0.25, 0.6)}

    found = seen_by(matcher, scene([(texture(number), box) for number, box in boxes.items()]))

    assert {match.product_id for match in found if match.score > 0.8} == {product(3), product(7)}
    for match in found[:2]:
        number = 3 if match.product_id == product(3) else 7
        assert box_iou(match.box, boxes[number]) > 0.9
        assert match.inliers > 30


def turned(image, share: float, slant: str):
    """What stands at a slant: one of its sides is much shorter than it is long."""
    box = (0.3, 0.15, 0.29 * share, 0.7) if slant == "sideways" else (0.3, 0.15, 0.29, 0.7 * share)
    return scene([(image, box)]), box


@pytest.mark.parametrize("slant", ["sideways", "from above"])
def test_should_find_what_stands_at_a_slant_by_a_stretched_view_alone(matcher, slant):
    picture, box = turned(texture(3), 0.3, slant)

    (found,) = (match for match in seen_by(matcher, picture) if match.score > 0.5)

    assert found.product_id == product(3)
    assert box_iou(found.box, box) > 0.9
    assert [one for one in matcher.match(picture, "upright") if one.match.score > 0.5] == []
    assert next(one.match for one in matcher.match(picture, "slanted")) == found


def test_should_say_nothing_of_stretched_views_that_show_nothing_surely(matcher):
    assert matcher.match(scene([]), "slanted") == []


def test_should_not_stretch_a_picture_in_which_something_is_surely_found(matcher, monkeypatch):
    sizes = []

    def described(image):
        sizes.append(image.shape[:2])
        return describe_features(image)

    monkeypatch.setattr("functions.shoppable.matching.instance.describe_features", described)
    matcher.match(scene([(texture(3), (0.3, 0.15, 0.29, 0.7))]))
    matcher.match(np.zeros((540, 960, 3), np.uint8))

    assert sizes == [(648, 1152), (648, 1152), (486, 1728), (972, 864)]


def test_should_name_the_rivals_of_what_is_seen_and_the_chance_that_it_is_one_of_them(matcher):
    either = look_alike(0)
    either[120:290, 60:240] = 128
    best, *others = seen_by(matcher, scene([(either, (0.35, 0.15, 0.28, 0.7))]))

    assert {best.product_id, *best.rivals} == {product(100), product(101)}
    assert best.chance >= best.score
    assert all(other.chance == other.score for other in others)


def test_should_give_the_same_answer_to_the_same_picture(matcher):
    picture = scene([(texture(5), (0.3, 0.2, 0.25, 0.6))])

    assert seen_by(matcher, picture) == seen_by(matcher, picture.copy())


def test_should_not_find_unknown_products(matcher):
    found = seen_by(matcher, scene([(texture(500), (0.2, 0.2, 0.2, 0.6)), (texture(501), (0.6, 0.2, 0.2, 0.6))]))

    assert [match for match in found if match.score > 0.3] == []


def test_should_find_nothing_in_an_empty_picture(matcher):
    assert matcher.match(np.zeros((540, 960, 3), np.uint8)) == []


@pytest.mark.parametrize("flavour", [0, 1])
def test_should_tell_look_alikes_apart_by_where_they_differ(matcher, flavour):
    found = seen_by(matcher, scene([(look_alike(flavour), (0.35, 0.15, 0.28, 0.7))], seed=flavour))

    assert found[0].product_id == product(100 + flavour)
    assert found[0].score > 0.8
    assert all(match.score < 0.3 for match in found[1:])


def test_should_try_a_product_also_where_the_shortlist_names_its_look_alike_only(matcher, monkeypatch):
    # Two copies of the first flavour: for the one on the left the shortlist gives the first, on the right the second.
    left, right = (0.05, 0.15, 0.28, 0.7), (0.6, 0.15, 0.28, 0.7)

    def half(index, frame, projected, *, limit):
        wanted = {True: product(100), False: product(101)}
        return [
            hypothesis
            for hypothesis in shortlist(index, frame, projected, limit=limit)
            if index.product_ids[int(index.image_product[hypothesis.image])] == wanted[hypothesis.x < frame.width / 2]
        ]

    monkeypatch.setattr("functions.shoppable.matching.instance.shortlist", half)

    found = seen_by(matcher, scene([(look_alike(0), left), (look_alike(0), right)]))

    assert [match.product_id for match in found if match.score > 0.5] == [product(100), product(100)]


def test_should_put_the_box_around_the_product_and_not_around_the_room_of_its_other_picture(tmp_path):
    room = scene([(texture(3), (0.3, 0.1, 0.4, 0.8))], wide=600, high=800, seed=4)
    digest = hashlib.sha256(room.tobytes()).hexdigest()
    build_index(
        [entry(3, texture(3)), IndexEntry(product_id=product(3), image_sha256=digest, features=describe_image(room))],
        tmp_path,
    )
    box = (0.4, 0.2, 0.22, 0.6)

    # The wall behind it is that of the picture too.
    frame = scene([(room, (0.15, 0.0, 0.7, 1.0)), (texture(3), box)])
    found = seen_by(InstanceMatcher(InstanceIndex.load(tmp_path)), frame)

    assert box_iou(found[0].box, box) > 0.9


@pytest.mark.parametrize(
    "boxes",
    [
        [(0.05, 0.2, 0.2, 0.5), (0.7, 0.3, 0.22, 0.55)],
        [(0.2, 0.2, 0.2, 0.55), (0.41, 0.2, 0.2, 0.55)],
        [(0.05, 0.1, 0.3, 0.8), (0.4, 0.2, 0.2, 0.55), (0.7, 0.3, 0.14, 0.37)],
        [(0.02 + 0.16 * number, 0.3, 0.15, 0.4) for number in range(6)],
    ],
    ids=["far apart", "side by side", "of three sizes", "on a shelf"],
)
def test_should_find_a_product_as_often_as_it_is_there(matcher, boxes):
    found = seen_by(matcher, scene([(texture(5), box) for box in boxes]))

    sure = [match for match in found if match.score > 0.8]
    assert [match.product_id for match in sure] == [product(5)] * len(boxes)
    assert all(any(box_iou(match.box, box) > 0.9 for match in sure) for box in boxes)


def test_should_give_the_same_answer_however_many_threads_there_are(matcher):
    picture = scene([(texture(5), (0.3, 0.2, 0.25, 0.6)), (look_alike(0), (0.6, 0.2, 0.2, 0.5))])
    alone = seen_by(matcher, picture)

    cv2.setNumThreads(4)
    try:
        assert seen_by(matcher, picture) == alone
    finally:
        cv2.setNumThreads(1)


def test_should_clip_boxes_to_the_picture(matcher):
    whole = scene([(texture(2), (0.3, 0.1, 0.3, 0.8))])

    found = seen_by(matcher, whole[:, 400:])

    assert found[0].product_id == product(2)
    x, y, wide, high = found[0].box
    assert x == 0
    assert 0 <= y <= 1
    assert x + wide <= 1
    assert y + high <= 1


def test_should_say_the_category_of_what_it_finds(tmp_path):
    build_index([entry(1, texture(1)), entry(2, texture(2))], tmp_path, {product(1): "Luggage & Bags"})
    picture = scene([(texture(1), (0.1, 0.2, 0.2, 0.5)), (texture(2), (0.6, 0.2, 0.2, 0.5))])

    found = seen_by(InstanceMatcher(InstanceIndex.load(tmp_path)), picture)

    assert {match.product_id: match.category for match in found} == {product(1): "Luggage & Bags", product(2): ""}


def test_should_outline_a_product_beyond_the_picture(matcher):
    found = seen_by(matcher, scene([(texture(2), (0.3, 0.1, 0.3, 0.8))])[:, 400:])

    outline = np.array(found[0].outline)
    wide = 560.0
    assert outline[:, 0].min() == pytest.approx((0.3 * 960 - 400) / wide, abs=0.02)
    assert outline[:, 0].max() == pytest.approx((0.6 * 960 - 400) / wide, abs=0.02)
    assert (outline[:, 1].min(), outline[:, 1].max()) == pytest.approx((0.1, 0.9), abs=0.02)


def test_should_show_what_was_seen_beside_the_product_picture(matcher):
    found = matcher.match(scene([(texture(5), (0.3, 0.2, 0.25, 0.6))]))

    pair = cv2.imdecode(np.frombuffer(found[0].crops(), np.uint8), cv2.IMREAD_GRAYSCALE)
    half = (pair.shape[1] - 4) // 2
    left, right = (side[20:-20, 20:-20].reshape(-1) for side in (pair[:, :half], pair[:, -half:]))
    assert np.corrcoef(left, right)[0, 1] > 0.8
    assert found[0].crops() == found[0].crops()


def test_should_find_a_product_that_is_turned_and_seen_in_perspective(matcher):
    frame = scene([])
    corners = np.array([(330, 90), (560, 130), (520, 480), (300, 430)], np.float32)
    picture = texture(4)
    high, wide = picture.shape[:2]
    source = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32)
    warp = cv2.getPerspectiveTransform(source, corners)
    cv2.warpPerspective(picture, warp, (960, 540), dst=frame, borderMode=cv2.BORDER_TRANSPARENT)

    found = seen_by(matcher, frame)

    assert found[0].product_id == product(4)
    assert box_iou(found[0].box, (300 / 960, 90 / 540, 260 / 960, 390 / 540)) > 0.9


def test_should_not_find_a_mirror_image(matcher):
    found = seen_by(matcher, scene([(cv2.flip(texture(6), 1), (0.3, 0.2, 0.25, 0.6))]))

    assert all(match.score < 0.3 for match in found)


def test_should_ignore_the_plain_border_of_a_product_picture(tmp_path):
    framed = np.full((700, 700, 3), 255, np.uint8)
    framed[150:550, 200:500] = texture(8)
    build_index([entry(8, framed)], tmp_path)

    found = seen_by(InstanceMatcher(InstanceIndex.load(tmp_path)), scene([(texture(8), (0.4, 0.2, 0.22, 0.6))]))

    assert box_iou(found[0].box, (0.4, 0.2, 0.22, 0.6)) > 0.85


def files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_should_leave_out_what_is_behind_a_product_but_no_white_print():
    picture = np.full((300, 300, 3), 255, np.uint8)
    cv2.rectangle(picture, (10, 10), (290, 100), (40, 120, 30), cv2.FILLED)
    cv2.rectangle(picture, (100, 10), (200, 290), (40, 120, 30), cv2.FILLED)
    cv2.circle(picture, (150, 180), 30, (255, 255, 255), cv2.FILLED)
    cv2.rectangle(picture, (145, 270), (155, 290), (255, 255, 255), cv2.FILLED)

    silhouette = silhouette_of(picture) > 0

    assert silhouette[180, 150]
    assert silhouette[280, 150]
    assert not silhouette[200, 40]
    assert not silhouette[200, 260]
    assert silhouette.mean() == pytest.approx((281 * 91 + 101 * 190) / 300**2, abs=0.03)


def test_should_build_the_same_index_from_entries_in_any_order(entries, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for directory, given_entries in ((first, entries), (second, entries[::-1])):
        directory.mkdir()
        build_index(given_entries, directory)

    assert files(first) == files(second)


def test_should_list_every_file_with_its_digest(entries, tmp_path):
    manifest = build_index(entries, tmp_path)

    assert manifest.products == manifest.images == PRODUCTS + 2
    assert {**manifest.files} == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in tmp_path.iterdir()
        if path.name != "manifest.json"
    }


def test_should_name_products_without_texture(tmp_path):
    plain = np.full((300, 300, 3), 180, np.uint8)

    manifest = build_index([entry(1, plain), entry(2, texture(2))], tmp_path)

    assert manifest.untextured == (product(1),)


def test_should_match_nothing_against_an_empty_catalogue(tmp_path):
    build_index([], tmp_path)

    assert InstanceMatcher(InstanceIndex.load(tmp_path)).match(scene([])) == []


def test_should_refuse_an_index_of_another_version(entries, tmp_path):
    build_index(entries[:2], tmp_path)
    manifest = tmp_path / "manifest.json"
    manifest.write_text(manifest.read_text().replace("index.v3", "index.v2"))

    with pytest.raises(ValueError, match=r"index\.v3"):
        InstanceIndex.load(tmp_path)


def test_should_refuse_a_directory_that_holds_no_index(tmp_path):
    with pytest.raises(ValueError, match=r"index\.v3"):
        InstanceIndex.load(tmp_path)


def test_should_restore_features_from_their_bytes():
    features = describe_image(texture(1))

    restored = ImageFeatures.from_bytes(features.to_bytes())

    assert restored.to_bytes() == features.to_bytes()
    assert np.array_equal(restored.descriptors, features.descriptors)
    assert np.array_equal(restored.outline, features.outline)


@pytest.mark.parametrize("body", [b"", b"nonsense", b"SVF2" + b"\0" * 30])
def test_should_refuse_bytes_that_are_no_features(body):
    with pytest.raises(ValueError, match="image features"):
        ImageFeatures.from_bytes(body)


class _Picture:
    width, height = 200.0, 300.0


@settings(max_examples=60, deadline=None)
@given(
    scale=st.floats(0.3, 2.0),
    turn=st.floats(-3.1, 3.1),
    x=st.floats(100, 800),
    y=st.floats(100, 400),
)
def test_should_accept_every_similarity_and_refuse_its_mirror_image(scale, turn, x, y):
    frame = describe_frame(np.zeros((540, 960, 3), np.uint8))
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
    similarity = np.array([[cosine, -sine, x], [sine, cosine, y], [0, 0, 1]])

    assert is_possible(similarity, _Picture(), frame)
    assert not is_possible(similarity @ np.diag([-1.0, 1, 1]), _Picture(), frame)


@settings(max_examples=60, deadline=None)
@given(
    scale=st.floats(0.3, 2.0),
    turn=st.floats(-3.1, 3.1),
    impossible=st.sampled_from(
        [
            np.diag([0.2, 1.0, 1.0]),
            np.diag([1.0, 0.2, 1.0]),
            np.diag([0.02, 0.02, 1.0]),
            np.diag([40.0, 40.0, 1.0]),
            np.array([[1.0, 0, 0], [0, 1, 0], [0.01, 0, -1]]),
            np.array([[1.0, 0, 0], [0, 1, 0], [0.02, 0, 1]]),
            np.full((3, 3), np.nan),
            np.zeros((3, 3)),
        ]
    ),
)
def test_should_refuse_needles_specks_giants_and_what_lies_behind_the_camera(scale, turn, impossible):
    frame = describe_frame(np.zeros((540, 960, 3), np.uint8))
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)

    assert not is_possible(
        np.array([[cosine, -sine, 300], [sine, cosine, 200], [0, 0, 1]]) @ impossible, _Picture(), frame
    )


def test_should_project_points_with_their_depth():
    homography = np.array([[1, 0, 0], [0, 1, 0], [0.001, 0, 1]])

    assert project_points(homography, np.array([[1000, 500]], np.float32)).tolist() == [[500, 250]]
