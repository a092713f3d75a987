import array
import struct
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pytest

from deep_perception.errors import ImageError
from deep_perception.pixels import MAX_PIXELS, containers, decompress, depth

SPREAD = np.random.default_rng(0)
RGB = np.full((24, 32, 3), (220, 90, 30), np.uint8)
RGB[:, 16:] = (40, 70, 200)
GREY = RGB[:, :, 0].copy()
BGR = RGB[:, :, ::-1].copy()


@dataclass
class Message:
    """The fields of sensor_msgs/CompressedImage."""

    format: str
    data: Any


def file(kind: str, matrix: np.ndarray, *options: int) -> bytes:
    """What a node that calls OpenCV with `matrix` puts into a message."""
    done, data = cv2.imencode(f".{kind}", matrix, list(options))
    assert done
    return data.tobytes()


def jpeg(matrix: np.ndarray) -> bytes:
    return file("jpg", matrix, cv2.IMWRITE_JPEG_QUALITY, 100, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111)


def repeated(grey: np.ndarray) -> np.ndarray:
    return grey[:, :, None].repeat(3, axis=2)


def mosaic(picture: np.ndarray) -> np.ndarray:
    sensor = picture[:, :, 1].copy()
    sensor[::2, ::2] = picture[::2, ::2, 0]
    sensor[1::2, 1::2] = picture[1::2, 1::2, 2]
    return sensor


def error_of(message: Message, read: Any = decompress) -> ImageError:
    with pytest.raises(ImageError, match="expected") as caught:
        read(message)
    assert "\n" not in str(caught.value)
    return caught.value


CASES = {
    "a bare jpeg": ("jpeg", jpeg(BGR), RGB),
    "a bare jpg": ("jpg", jpeg(BGR), RGB),
    "a bare png": ("png", file("png", BGR), RGB),
    "no format at all": ("", jpeg(BGR), RGB),
    "jpeg of an rgb camera": ("rgb8; jpeg compressed bgr8", jpeg(BGR), RGB),
    "jpeg of a bgr camera": ("bgr8; jpeg compressed bgr8", jpeg(BGR), RGB),
    "jpeg that calls itself rgb": ("rgb8; jpeg compressed rgb8", jpeg(BGR), RGB),
    "jpeg of a yuv camera": ("yuv422_yuy2; jpeg compressed bgr8", jpeg(BGR), RGB),
    "jpeg of a grey camera": ("mono8; jpeg compressed mono8", jpeg(GREY), repeated(GREY)),
    "jpeg of a 16 bit grey camera": ("mono16; jpeg compressed mono8", jpeg(GREY), repeated(GREY)),
    "jpeg of a bayer camera": ("bayer_rggb8; jpeg compressed bgr8", jpeg(BGR), RGB),
    "jpeg of a bayer camera in grey": ("bayer_rggb8; jpeg compressed mono8", jpeg(GREY), repeated(GREY)),
    "png of a bayer camera in grey": (
        "bayer_rggb8; png compressed mono8",
        file("png", mosaic(RGB)),
        repeated(mosaic(RGB)),
    ),
    "png of a bayer camera": ("bayer_rggb8; png compressed ", file("png", mosaic(RGB)), RGB),
    "png of a bayer camera by name": ("bayer_rggb8; png compressed bayer_rggb8", file("png", mosaic(RGB)), RGB),
    "png of a 16 bit bayer camera": (
        "bayer_rggb16; png compressed ",
        file("png", mosaic(RGB).astype(np.uint16) * 257),
        RGB,
    ),
    "png of an rgb camera": ("rgb8; png compressed bgr8", file("png", BGR), RGB),
    "png of an rgba camera": ("rgba8; png compressed bgr8", file("png", BGR), RGB),
    "png of a 16 bit camera": ("rgb16; png compressed bgr16", file("png", BGR.astype(np.uint16) * 257), RGB),
    "png of a 16 bit grey camera": (
        "mono16; png compressed ",
        file("png", GREY.astype(np.uint16) * 257),
        repeated(GREY),
    ),
    "png 16 bit grey": ("png", file("png", GREY.astype(np.uint16) * 257), repeated(GREY)),
    "png 16 bit with alpha": (
        "png",
        file("png", np.dstack([BGR, GREY]).astype(np.uint16) * 257),
        RGB,
    ),
    "png with alpha": ("png", file("png", np.dstack([BGR, GREY])), RGB),
    "png of depth": (
        "16UC1; png compressed ",
        file("png", np.where(GREY > 100, 4000, 900).astype(np.uint16)),
        repeated(np.where(GREY > 100, 255, 0)),
    ),
    "tiff of an rgb camera": ("rgb8; tiff compressed ", file("tiff", RGB), RGB),
    "tiff of a bgr camera": ("bgr8; tiff compressed ", file("tiff", BGR), RGB),
    "tiff of float depth": (
        "32FC1; tiff compressed ",
        file("tiff", np.where(GREY > 100, 4, np.nan).astype(np.float32)),
        repeated(np.zeros_like(GREY)),
    ),
    "a bare tiff": ("tiff", file("tiff", BGR), RGB),
    "webp": ("webp", file("webp", BGR, cv2.IMWRITE_WEBP_QUALITY, 101), RGB),
    "lossy webp": ("webp", file("webp", BGR, cv2.IMWRITE_WEBP_QUALITY, 95), RGB),
    "bmp": ("bmp", file("bmp", BGR), RGB),
}


@pytest.mark.parametrize("case", CASES)
def test_every_format_string_shows_its_true_colours(case: str) -> None:
    text, data, expected = CASES[case]
    got = decompress(Message(text, array.array("B", data)))
    assert got.dtype == np.uint8 and got.shape == expected.shape
    flat = np.ones(32, bool)
    if not data.startswith(b"\x89PNG") or "bayer" in text:
        flat[14:18] = False  # neighbours bleed over the colour edge
    tolerance = 12 if case == "lossy webp" else 3 if data.startswith(b"\xff\xd8") else 0
    assert np.abs(got[:, flat].astype(int) - expected[:, flat]).max() <= tolerance


@pytest.mark.parametrize(
    "keep", [bytes, bytearray, list, lambda d: array.array("B", d), lambda d: np.frombuffer(d, np.uint8)]
)
def test_bytes_may_come_in_any_container(keep: Any) -> None:
    assert np.array_equal(decompress(Message("png", keep(file("png", BGR)))), RGB)


def with_orientation(data: bytes) -> bytes:
    """The JPEG `data` with an EXIF note that the camera was held upright (turn by 90 degrees to look at it)."""
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + bytes(4)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def test_a_picture_is_never_turned() -> None:
    data = with_orientation(jpeg(BGR))
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (32, 24, 3), "the note has no effect"
    assert decompress(Message("jpeg", data)).shape == (24, 32, 3)


@pytest.mark.parametrize("case", CASES)
def test_the_size_is_read_before_anything_is_decoded(case: str) -> None:
    _, data, _ = CASES[case]
    assert containers.size(data, "") == (32, 24)


def test_the_size_of_files_that_opencv_does_not_write_is_read() -> None:
    entries = struct.pack(">HHIHHHHII", 256, 3, 1, 32, 0, 257, 4, 1, 24)
    assert containers.size(b"MM\0*" + struct.pack(">IH", 8, 2) + entries, "") == (32, 24)
    assert containers.size(b"BM" + bytes(12) + struct.pack("<IHH", 12, 32, 24), "") == (32, 24)
    assert containers.size(b"BM" + bytes(12) + struct.pack("<Iii", 40, 32, -24), "") == (32, 24)
    canvas = b"RIFF" + bytes(4) + b"WEBPVP8X" + bytes(8) + bytes([31, 0, 0, 23, 0, 0])
    assert containers.size(canvas, "") == (32, 24)
    filled = b"\xff\xd8\xff\xff" + jpeg(BGR)[3:]
    assert containers.size(filled, "") == (32, 24)


def patched(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) == 1 and len(old) == len(new)
    return data.replace(old, new)


BOMBS = {
    "jpeg": patched(jpeg(BGR), struct.pack(">HH", 24, 32), struct.pack(">HH", 60000, 60000)),
    "png": patched(file("png", BGR), struct.pack(">II", 32, 24), struct.pack(">II", 60000, 60000)),
    "bmp": patched(file("bmp", BGR), struct.pack("<ii", 32, 24), struct.pack("<ii", 60000, 60000)),
    "tiff": b"II*\0" + struct.pack("<IHHHIIHHII", 8, 2, 256, 4, 1, 60000, 257, 4, 1, 60000),
    "webp": b"RIFF" + bytes(4) + b"WEBPVP8X" + bytes(8) + bytes([255] * 6),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_file_that_claims_too_many_pixels_is_not_decoded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("memory was set aside"))
    error = error_of(Message(kind, BOMBS[kind]))
    assert error.kind == "size" and str(MAX_PIXELS) in str(error)


@pytest.mark.parametrize("kind", ["jpg", "png", "bmp", "tiff", "webp"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_a_file_cut_short_is_refused(kind: str, share: float) -> None:
    data = file(kind, SPREAD.integers(0, 256, (64, 64, 3), np.uint8))
    assert error_of(Message(kind, data[: int(len(data) * share)])).kind in ("corrupt", "truncated")


def test_a_jpeg_whose_thumbnail_is_whole_can_still_be_cut_short() -> None:
    thumbnail = jpeg(BGR[:8, :8])
    data = jpeg(BGR)
    note = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    message = Message("jpeg", data[:2] + note + data[2:])
    assert decompress(message).shape == RGB.shape
    message.data = message.data[:-2]
    assert error_of(message).kind == "truncated"


def test_zeros_after_a_jpeg_do_no_harm() -> None:
    assert decompress(Message("jpeg", jpeg(BGR) + bytes(500))).shape == RGB.shape


@pytest.mark.parametrize("kind", ["jpg", "png", "bmp", "tiff", "webp"])
def test_damage_gives_a_picture_or_an_image_error_and_nothing_else(kind: str) -> None:
    whole = np.frombuffer(file(kind, BGR), np.uint8)
    for _ in range(60):
        data = whole.copy()
        data[SPREAD.integers(0, min(len(data), 200), 3)] = SPREAD.integers(0, 256, 3)
        try:
            picture = decompress(Message(kind, data))
        except ImageError:
            continue
        assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3


@pytest.mark.parametrize(
    ("text", "data", "kind"),
    [
        ("16UC1; jpeg compressed mono8", b"", "empty"),
        ("h264", b"\0\0\0\x01\x67\x42", "corrupt"),
        ("jpeg", patched(jpeg(BGR), struct.pack(">HH", 24, 32), bytes(4)), "empty"),
        ("png", b"\x89PNG\r\n\x1a\n", "corrupt"),
        ("tiff", b"II*\0" + struct.pack("<IH", 8, 0), "corrupt"),
        ("tiff", file("tiff", np.zeros((4, 4, 3), np.float32)), "encoding"),
    ],
)
def test_what_is_no_picture_is_refused_by_kind(text: str, data: bytes, kind: str) -> None:
    assert error_of(Message(text, data)).kind == kind


MILLIMETRES = SPREAD.integers(0, 9000, (24, 32)).astype(np.uint16)
METRES = np.linspace(0.5, 9.5, 24 * 32, dtype=np.float32).reshape(24, 32)


def inverse_depth(metres: np.ndarray, depth_max: float = 10.0, quantization: float = 100.0) -> bytes:
    """32FC1 as compressed_depth_image_transport packs it: steps of 1/distance, 0 where nothing was measured."""
    scale = quantization * (quantization + 1)
    offset = 1 - scale / depth_max
    steps = np.where(np.isnan(metres), 0, scale / metres + offset).astype(np.uint16)
    return struct.pack("<iff", 0, scale, offset) + file("png", steps)


@pytest.mark.parametrize("text", ["16UC1; compressedDepth png", "16UC1; compressedDepth"])
def test_compressed_depth_in_millimetres_comes_back_exactly(text: str) -> None:
    message = Message(text, bytes(12) + file("png", MILLIMETRES))
    assert depth(message).dtype == np.uint16 and np.array_equal(depth(message), MILLIMETRES)


def test_compressed_depth_in_metres_comes_back_with_its_holes() -> None:
    metres = METRES.copy()
    metres[3, 5] = np.nan
    got = depth(Message("32FC1; compressedDepth png", inverse_depth(metres)))
    assert got.dtype == np.float32 and np.array_equal(np.isnan(got), np.isnan(metres))
    assert np.nanmax(np.abs(got - metres)) < 0.02


def test_depth_in_a_plain_png_is_read_too() -> None:
    assert np.array_equal(depth(Message("16UC1; png compressed ", file("png", MILLIMETRES))), MILLIMETRES)


def test_compressed_depth_is_stretched_to_be_seen() -> None:
    shown = decompress(Message("32FC1; compressedDepth png", inverse_depth(METRES)))
    assert shown.shape == (24, 32, 3) and shown[0, 0, 0] == 0 and shown[-1, -1, 0] == 255


@pytest.mark.parametrize(
    ("text", "data", "kind"),
    [
        ("16UC1; compressedDepth rvl", bytes(100), "encoding"),
        ("16UC1; compressedDepth png", bytes(12), "truncated"),
        ("16UC1; compressedDepth png", bytes(100), "corrupt"),
        ("16UC1; compressedDepth png", bytes(12) + file("png", BGR), "corrupt"),
        ("rgb8; jpeg compressed bgr8", jpeg(BGR), "encoding"),
    ],
)
def test_what_is_no_depth_is_refused_by_kind(text: str, data: bytes, kind: str) -> None:
    assert error_of(Message(text, data), depth).kind == kind
