import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.shoppable.pictures import (
    PictureRefused,
    decode_picture,
    encode_jpeg,
    picture_sha256,
    read_header,
)
from tests.unit.catalogue.builders import any_picture, encoded


def code(body: bytes) -> str:
    with pytest.raises(PictureRefused) as caught:
        decode_picture(body)
    return caught.value.code


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing of it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def exif_orientation(jpeg: bytes, orientation: int) -> bytes:
    tiff = (
        b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01"
        + struct.pack(">HH", orientation, 0)
        + b"\0" * 4
    )
    body = b"Exif\x00\x00" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "EmptyPicture"),
        (b"hello", "NotAPicture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "NotAPicture"),
        (b"%PDF-1.7", "NotAPicture"),
        (b"\x89PNG\r\n\x1a\n", "DamagedPicture"),
        (b"\xff\xd8\xff\xe0\x00", "DamagedPicture"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8X", "DamagedPicture"),
        (png_of(100_000, 100_000), "TooManyPixels"),
        (png_of(1, 100_000), "PictureTooSmall"),
        (png_of(0, 0), "PictureTooSmall"),
        (png_of(100, 100), "DamagedPicture"),
        (b"\xff\xd8\xff" + b"\0" * (17 * 1024 * 1024), "PictureTooLarge"),
    ],
)
def test_file_that_cannot_be_used_is_refused_with_its_reason(body: bytes, expected: str) -> None:
    assert code(body) == expected


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".gif"])
def test_header_says_the_size_that_decoding_gives(suffix: str) -> None:
    body = encoded(any_picture(1, (161, 120)), suffix)
    header = read_header(body)
    assert (header.width, header.height) == (161, 120)
    assert decode_picture(body).shape == (120, 161, 3)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_picture_that_was_cut_off_is_refused(suffix: str, share: float) -> None:
    body = encoded(any_picture(), suffix)
    assert code(body[: int(len(body) * share)]) == "DamagedPicture"


def test_longer_side_is_brought_to_what_is_delivered_and_smaller_pictures_are_kept() -> None:
    assert decode_picture(encoded(any_picture(1, (2048, 1024)))).shape == (512, 1024, 3)
    assert decode_picture(encoded(any_picture(1, (300, 200)))).shape == (200, 300, 3)


def test_picture_is_turned_upright_by_its_exif_orientation() -> None:
    image = np.zeros((80, 120, 3), np.uint8)
    image[:, :60] = 255
    turned = decode_picture(exif_orientation(encoded(image, ".jpg"), 6))
    assert turned.shape == (120, 80, 3)
    assert turned[:50].mean() > 240
    assert turned[70:].mean() < 15


def test_transparent_parts_are_white_and_half_transparent_ones_mixed() -> None:
    image = np.zeros((600, 60, 4), np.uint8)
    image[:, 20:40, 3] = 128
    image[:, 40:, 3] = 255
    flat = decode_picture(encoded(image))
    assert flat[:, :20].min() == 255
    assert set(np.unique(flat[:, 20:40])) == {127}
    assert flat[:, 40:].max() == 0


@pytest.mark.parametrize(
    "image",
    [
        np.full((64, 64), 100, np.uint8),
        np.full((64, 64), 100 * 257, np.uint16),
        np.full((64, 64, 3), 100 * 257, np.uint16),
    ],
)
def test_grey_and_sixteen_bit_pictures_become_eight_bit_colour(image: np.ndarray) -> None:
    decoded = decode_picture(encoded(image))
    assert decoded.dtype == np.uint8
    assert decoded.shape == (64, 64, 3)
    assert set(np.unique(decoded)) == {100}


def test_digest_names_the_pixels_and_not_the_file() -> None:
    image = any_picture()
    fast = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    small = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()
    assert fast != small
    assert picture_sha256(decode_picture(fast)) == picture_sha256(decode_picture(small))
    assert picture_sha256(image) != picture_sha256(np.ascontiguousarray(image.reshape(160, 120, 3)))


def test_delivered_jpeg_shows_the_picture() -> None:
    image = any_picture(3, (256, 256))
    again = decode_picture(encode_jpeg(image))
    assert float(np.abs(again.astype(int) - image.astype(int)).mean()) < 6


_WHOLE = [encoded(any_picture(5, (48, 40)), suffix) for suffix in (".jpg", ".png", ".webp", ".gif", ".bmp")]


@settings(deadline=None)
@given(st.sampled_from(_WHOLE), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=12))
def test_any_damaged_picture_is_decoded_or_refused(body: bytes, changes: list[tuple[float, int]]) -> None:
    damaged = bytearray(body)
    for position, value in changes:
        damaged[min(int(position * len(damaged)), len(damaged) - 1)] = value
    try:
        image = decode_picture(bytes(damaged))
    except PictureRefused:
        return
    assert image.ndim == 3
    assert max(image.shape[:2]) <= 1024
