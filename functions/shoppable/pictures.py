"""Decoding of a product picture that a stranger uploaded: what it claims is checked before anything is decoded.

Pictures are uint8 BGR (H, W, 3): upright by their EXIF orientation, transparent parts over white, CMYK and grey as BGR.
"""

import hashlib
import re
import struct
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

MAX_BYTES = 16 * 1024 * 1024
MAX_PIXELS = 40_000_000
MIN_SIDE = 32
DELIVERED_SIDE = 1024
_JPEG_QUALITY = 88
_STRIP_ROWS = 256


class PictureRefused(ValueError):  # noqa: N818 (a fact about the picture, not a fault)
    """The picture cannot be used: `code` is a Reason's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Header:
    """What a file says of itself. Width and height as stored, before any orientation."""

    format: str
    width: int
    height: int
    alpha: bool
    """It may have transparent parts."""


def read_header(body: bytes) -> Header:
    """Format and size from the first bytes, decoding nothing. Raises PictureRefused."""
    if not body:
        raise PictureRefused("EmptyPicture", "The file is empty.")
    try:
        header = _header(body)
    except (struct.error, IndexError, ValueError):
        header = None
        damaged = True
    else:
        damaged = header is None and _looks_known(body)
    if header is None:
        if damaged:
            raise PictureRefused("DamagedPicture", "The picture's header is damaged or cut off.")
        raise PictureRefused("NotAPicture", "The file is not a JPEG, PNG, WebP, GIF or BMP picture.")
    return header


def _looks_known(body: bytes) -> bool:
    return body.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF"))


def _header(body: bytes) -> Header | None:
    if body.startswith(b"\xff\xd8\xff"):
        return _jpeg(body)
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height = struct.unpack_from(">II", body, 16)
        return Header("png", width, height, alpha=body[25] in {4, 6} or b"tRNS" in body[:4096])
    if body.startswith((b"GIF87a", b"GIF89a")):
        width, height = struct.unpack_from("<HH", body, 6)
        return Header("gif", width, height, alpha=True)
    if body.startswith(b"RIFF") and body[8:12] == b"WEBP":
        return _webp(body)
    if body.startswith(b"BM") and len(body) > 26 and body[14] in {40, 52, 56, 108, 124}:
        width, height = struct.unpack_from("<ii", body, 18)
        return Header("bmp", width, abs(height), alpha=False)
    return None


def _jpeg(body: bytes) -> Header | None:
    """The size is in the first start-of-frame segment: ITU-T T.81, B.2.2."""
    position = 2
    while position + 9 < len(body):
        if body[position] != 0xFF:
            return None
        marker = body[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", body, position + 5)
            return Header("jpeg", width, height, alpha=False)
        if marker in {0x01, *range(0xD0, 0xDA)}:
            return None
        position += 2 + struct.unpack_from(">H", body, position + 2)[0]
    return None


def _webp(body: bytes) -> Header | None:
    """https://developers.google.com/speed/webp/docs/riff_container"""
    kind = body[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(body[24:27], "little") + 1
        height = int.from_bytes(body[27:30], "little") + 1
        return Header("webp", width, height, alpha=bool(body[20] & 0x10))
    if kind == b"VP8L" and body[20] == 0x2F:
        bits = struct.unpack_from("<I", body, 21)[0]
        return Header("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, alpha=bool(bits >> 28 & 1))
    if kind == b"VP8 " and body[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", body, 26)
        return Header("webp", width & 0x3FFF, height & 0x3FFF, alpha=False)
    return None


def decode_picture(body: bytes) -> Image:
    """The picture, at most DELIVERED_SIDE on its longer side. Raises PictureRefused."""
    if len(body) > MAX_BYTES:
        raise PictureRefused("PictureTooLarge", f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.")
    header = read_header(body)
    if header.width * header.height > MAX_PIXELS:
        raise PictureRefused(
            "TooManyPixels", f"{header.width} × {header.height} pixels are more than {MAX_PIXELS // 1_000_000} million."
        )
    if min(header.width, header.height) < MIN_SIDE:
        raise PictureRefused(
            "PictureTooSmall", f"{header.width} × {header.height} pixels; each side needs at least {MIN_SIDE}."
        )
    if _is_cut_off(header.format, body):
        raise PictureRefused("DamagedPicture", "The file ends before its picture does; upload it again.")
    flags = cv2.IMREAD_UNCHANGED if header.alpha else cv2.IMREAD_COLOR
    try:
        decoded = cv2.imdecode(np.frombuffer(body, np.uint8), flags)
    except cv2.error:
        decoded = None
    # OpenCV answers None, whatever its stubs say, for what it cannot decode.
    if not isinstance(decoded, np.ndarray) or decoded.size == 0:
        raise PictureRefused("DamagedPicture", "The picture cannot be decoded.")
    image = _bgr(decoded)
    side = max(image.shape[:2])
    if side > DELIVERED_SIDE:
        height, width = (max(1, round(length * DELIVERED_SIDE / side)) for length in image.shape[:2])
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(image)


def _is_cut_off(kind: str, body: bytes) -> bool:
    """Libjpeg and libpng decode what is there and leave the rest grey or black."""
    if kind == "jpeg":
        return body.rfind(b"\xff\xd9") < body.rfind(b"\xff\xda")
    return kind == "png" and re.search(rb"IEND\xae\x42\x60\x82", body[-65_536:]) is None


def _bgr(decoded: NDArray[np.integer[Any] | np.floating[Any]]) -> Image:
    if decoded.dtype == np.uint16:
        image = np.asarray(np.right_shift(decoded.astype(np.uint16), 8), np.uint8)
    elif decoded.dtype == np.uint8:
        image = np.asarray(decoded, np.uint8)
    else:
        raise PictureRefused("DamagedPicture", "The picture's samples are neither 8 nor 16 bits.")
    if image.ndim == 2:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
    return image if image.shape[2] == 3 else _over_white(image)


def _over_white(image: Image) -> Image:
    """A BGRA picture over white; strip by strip, for the sums need twice the memory."""
    flat = np.empty((*image.shape[:2], 3), np.uint8)
    for top in range(0, image.shape[0], _STRIP_ROWS):
        strip = image[top : top + _STRIP_ROWS].astype(np.uint16)
        alpha = strip[:, :, 3:]
        flat[top : top + _STRIP_ROWS] = (strip[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return flat


def picture_sha256(image: Image) -> str:
    """Names a decoded picture by its pixels and shape."""
    return hashlib.sha256(f"{image.shape[1]}x{image.shape[0]}\0".encode() + image.tobytes()).hexdigest()


def encode_jpeg(image: Image) -> bytes:
    """The picture as it is delivered: no metadata, the same bytes for the same pixels."""
    done, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise RuntimeError("OpenCV could not encode a JPEG")
    return encoded.tobytes()
