import array
import sys
import tracemalloc
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from deep_perception.errors import ImageError
from deep_perception.pixels import ENCODINGS, fill, to_array, to_rgb
from deep_perception.pixels.encodings import Packed, Planar


@dataclass
class Message:
    """The fields of sensor_msgs/Image."""

    height: int = 0
    width: int = 0
    encoding: str = ""
    is_bigendian: int = 0
    step: int = 0
    data: Any = b""


LEFT, RIGHT = (220, 90, 30), (40, 70, 200)
PICTURE = np.full((6, 16, 3), LEFT, np.uint8)
PICTURE[:, 8:] = RIGHT


def spread() -> np.random.Generator:
    return np.random.default_rng(0)


def deep(picture: np.ndarray) -> np.ndarray:
    """Full-range 16 bit values that round to `picture`, each somewhere else between its neighbours."""
    return (
        (picture.astype(np.int64) * 257 + spread().integers(-128, 129, picture.shape)).clip(0, 65535).astype(np.uint16)
    )


def with_alpha(picture: np.ndarray) -> np.ndarray:
    return np.dstack([picture, spread().integers(0, 256, picture.shape[:2], np.uint8)])


def brightness(picture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(picture[:, :, 0])


def mosaic(pattern: str) -> Callable[[np.ndarray], np.ndarray]:
    """What a sensor sees behind a filter that repeats `pattern`: its letters row by row, two by two."""

    def seen(picture: np.ndarray) -> np.ndarray:
        sensor = np.zeros(picture.shape[:2], picture.dtype)
        for place, colour in enumerate(pattern):
            row, column = divmod(place, 2)
            sensor[row::2, column::2] = picture[row::2, column::2, "rgb".index(colour)]
        return sensor

    return seen


def yuv(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """BT.601 with the range that cameras use: brightness 16 to 235, colours 16 to 240."""
    weights = [[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]
    values = picture @ np.array(weights).T / 255 + [16, 128, 128]
    y, u, v = np.rint(values).astype(np.uint8).transpose(2, 0, 1)
    return y, u, v


def packed_yuv(order: str) -> Callable[[np.ndarray], np.ndarray]:
    def packed(picture: np.ndarray) -> np.ndarray:
        y, u, v = yuv(picture)
        parts = {"y": iter([y[:, ::2], y[:, 1::2]]), "u": iter([u[:, ::2]]), "v": iter([v[:, ::2]])}
        return np.dstack([next(parts[letter]) for letter in order]).reshape(*picture.shape[:2], 2)

    return packed


def planes(order: str, shrink: int) -> Callable[[np.ndarray], list[np.ndarray]]:
    def split(picture: np.ndarray) -> list[np.ndarray]:
        y, u, v = yuv(picture)
        pairs = np.dstack([{"u": u, "v": v}[letter] for letter in order])[::shrink, ::shrink]
        return [y, pairs.reshape(len(pairs), -1)]

    return split


def stretched(picture: np.ndarray) -> np.ndarray:
    low, high = picture[:, :, 0].min(), picture[:, :, 0].max()
    return np.rint((picture[:, :, :1] - float(low)) * 255 / (high - low)).astype(np.uint8).repeat(3, axis=2)


def grey(picture: np.ndarray) -> np.ndarray:
    return picture[:, :, :1].repeat(3, axis=2)


@dataclass(frozen=True)
class Case:
    encode: Callable[[np.ndarray], Any]
    expected: Callable[[np.ndarray], np.ndarray] = np.array
    tolerance: int = 0
    blur: int = 0  # columns on either side of the colour edge that neighbours bleed into


CASES = {
    "rgb8": Case(np.array),
    "bgr8": Case(lambda p: p[:, :, ::-1]),
    "rgba8": Case(with_alpha),
    "bgra8": Case(lambda p: with_alpha(p[:, :, ::-1])),
    "mono8": Case(brightness, grey),
    "rgb16": Case(deep),
    "bgr16": Case(lambda p: deep(p[:, :, ::-1])),
    "rgba16": Case(lambda p: deep(with_alpha(p))),
    "bgra16": Case(lambda p: deep(with_alpha(p[:, :, ::-1]))),
    "mono16": Case(lambda p: deep(brightness(p)), grey),
    "8UC1": Case(brightness, grey),
    "8UC3": Case(lambda p: p[:, :, ::-1]),
    "8UC4": Case(lambda p: with_alpha(p[:, :, ::-1])),
    "16UC1": Case(lambda p: brightness(p).astype(np.uint16) * 20 + 300, stretched),
    "16UC3": Case(lambda p: deep(p[:, :, ::-1])),
    "16UC4": Case(lambda p: deep(with_alpha(p[:, :, ::-1]))),
    "16SC1": Case(lambda p: brightness(p).astype(np.int16) * 20 - 900, stretched),
    "32SC1": Case(lambda p: brightness(p).astype(np.int32) * 70_000 - 900, stretched),
    "32FC1": Case(lambda p: brightness(p).astype(np.float32) / 8, stretched),
    "bayer_rggb8": Case(mosaic("rggb"), blur=2),
    "bayer_bggr8": Case(mosaic("bggr"), blur=2),
    "bayer_gbrg8": Case(mosaic("gbrg"), blur=2),
    "bayer_grbg8": Case(mosaic("grbg"), blur=2),
    "bayer_rggb16": Case(lambda p: deep(mosaic("rggb")(p)), blur=2, tolerance=1),
    "bayer_bggr16": Case(lambda p: deep(mosaic("bggr")(p)), blur=2, tolerance=1),
    "bayer_gbrg16": Case(lambda p: deep(mosaic("gbrg")(p)), blur=2, tolerance=1),
    "bayer_grbg16": Case(lambda p: deep(mosaic("grbg")(p)), blur=2, tolerance=1),
    "uyvy": Case(packed_yuv("uyvy"), tolerance=3),
    "yuv422": Case(packed_yuv("uyvy"), tolerance=3),
    "yuyv": Case(packed_yuv("yuyv"), tolerance=3),
    "yuv422_yuy2": Case(packed_yuv("yuyv"), tolerance=3),
    "nv12": Case(planes("uv", 2), tolerance=3),
    "nv21": Case(planes("vu", 2), tolerance=3),
    "nv24": Case(planes("uv", 1), tolerance=3),
}


def message_of(name: str, picture: np.ndarray, padding: int = 0, bigendian: bool = False) -> Message:
    """`picture` as a camera would send it; `padding` bytes after each row, in a plane of longer rows in proportion."""
    encoded = CASES[name].encode(picture)
    parts = encoded if isinstance(encoded, list) else [encoded]
    order = ">" if bigendian else "<"
    data, step = b"", 0
    for part in parts:
        rows = [row.astype(row.dtype.newbyteorder(order)).tobytes() for row in part]
        step = step or len(rows[0])
        data += b"".join(row + b"\xee" * (padding * len(row) // step) for row in rows)
    return Message(*picture.shape[:2], name, int(bigendian), step + padding, array.array("B", data))


def assert_shows(message: Message, picture: np.ndarray) -> None:
    case = CASES[message.encoding]
    got, expected = to_rgb(message), case.expected(picture)
    assert got.dtype == np.uint8 and got.shape == expected.shape
    clear = np.ones(picture.shape[1], bool)
    clear[8 - case.blur : 8 + case.blur] = case.blur == 0
    assert np.abs(got[:, clear].astype(int) - expected[:, clear]).max() <= case.tolerance


def error_of(message: Message) -> ImageError:
    with pytest.raises(ImageError) as caught:
        to_rgb(message)
    assert "expected" in str(caught.value) or "Nearest" in str(caught.value) or "Known" in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value


def test_every_encoding_has_a_case() -> None:
    assert CASES.keys() == ENCODINGS.keys()


@pytest.mark.parametrize("padding", [0, 4, 7])
@pytest.mark.parametrize("name", ENCODINGS)
def test_every_encoding_shows_its_true_colours(name: str, padding: int) -> None:
    assert_shows(message_of(name, PICTURE, padding), PICTURE)


@pytest.mark.parametrize("name", [n for n, row in ENCODINGS.items() if isinstance(row, Packed)])
def test_numbers_from_a_big_endian_machine_read_the_same(name: str) -> None:
    message = message_of(name, PICTURE, padding=2, bigendian=True)
    assert_shows(message, PICTURE)
    assert to_array(message).dtype == ENCODINGS[name].dtype and to_array(message).dtype.isnative


@pytest.mark.parametrize("name", [name for name in ENCODINGS if name.startswith("bayer")])
@pytest.mark.parametrize("size", [(3, 3), (5, 7), (6, 5), (7, 8)])
def test_a_mosaic_of_any_size_keeps_its_colour_up_to_the_border(name: str, size: tuple[int, int]) -> None:
    flat = np.full((*size, 3), (200, 100, 50), np.uint8)
    assert np.abs(to_rgb(message_of(name, flat)).astype(int) - flat).max() <= CASES[name].tolerance


@pytest.mark.parametrize("name", ["bayer_rggb8", "bayer_gbrg16"])
def test_a_mosaic_too_small_to_hold_colours_is_refused(name: str) -> None:
    assert error_of(message_of(name, np.zeros((2, 9, 3), np.uint8))).kind == "size"


@pytest.mark.parametrize(("name", "size"), [("yuyv", (4, 5)), ("uyvy", (4, 5)), ("nv12", (5, 4)), ("nv21", (4, 5))])
def test_pixels_that_share_a_colour_come_in_pairs(name: str, size: tuple[int, int]) -> None:
    message = Message(*size, name, 0, size[1] * 2, bytes(200))
    assert error_of(message).kind == "size"


@pytest.mark.parametrize("name", ["nv12", "nv21", "nv24"])
@pytest.mark.parametrize("channels", [1.5, 2])
def test_planes_are_found_although_drivers_disagree_about_their_step(name: str, channels: float) -> None:
    message = message_of(name, PICTURE)
    message.step = int(message.step * channels)
    assert_shows(message, PICTURE)


@pytest.mark.parametrize(
    "keep", [bytes, bytearray, lambda d: array.array("B", d), lambda d: np.frombuffer(d, np.uint8)]
)
@pytest.mark.parametrize("padding", [0, 5])
def test_rgb8_is_read_without_a_copy(keep: Callable[[bytes], Any], padding: int) -> None:
    message = message_of("rgb8", PICTURE, padding)
    message.data = keep(message.data.tobytes())
    assert np.shares_memory(to_rgb(message), np.frombuffer(message.data, np.uint8))
    assert_shows(message, PICTURE)


def test_a_plain_list_of_bytes_is_accepted() -> None:
    message = message_of("bgr8", PICTURE)
    message.data = message.data.tolist()
    assert_shows(message, PICTURE)


@pytest.mark.parametrize("padding", [0, 8])
@pytest.mark.parametrize("name", [n for n, row in ENCODINGS.items() if isinstance(row, Packed)])
def test_the_numbers_are_read_as_they_are_without_a_copy(name: str, padding: int) -> None:
    message = message_of(name, PICTURE, padding, bigendian=sys.byteorder == "big")
    got = to_array(message)
    assert np.shares_memory(got, np.frombuffer(message.data, np.uint8))
    assert got.shape == ENCODINGS[name].shape(*PICTURE.shape[:2])
    assert np.array_equal(got, CASES[name].encode(PICTURE))


def test_two_planes_are_not_one_array() -> None:
    with pytest.raises(ImageError, match="to_rgb"):
        to_array(message_of("nv12", PICTURE))


@pytest.mark.parametrize("name", ENCODINGS)
def test_reading_leaves_the_message_as_it_was(name: str) -> None:
    message = message_of(name, PICTURE, padding=4)
    before = message.data.tobytes()
    to_rgb(message)
    assert message.data.tobytes() == before


def test_every_16_bit_value_is_rounded_to_its_nearest_8_bit_value() -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    message = Message()
    fill(message, values, "mono16")
    assert np.array_equal(to_rgb(message)[:, :, 0], np.rint(values / 257))


@pytest.mark.parametrize(
    ("depths", "shown"),
    [
        ([1.0, 2.0, 3.0], [0, 128, 255]),
        ([np.nan, 1.0, 3.0], [0, 0, 255]),
        ([np.inf, -np.inf, 4.0], [0, 0, 0]),
        ([np.nan, np.nan, np.nan], [0, 0, 0]),
        ([7.0, 7.0, 7.0], [0, 0, 0]),
        ([-3.4e38, 0.0, 3.4e38], [0, 128, 255]),
        ([0.0, 1e-45, 1e-45], [0, 255, 255]),
    ],
)
def test_depth_is_stretched_between_its_finite_ends_without_a_warning(depths: list[float], shown: list[int]) -> None:
    message = Message()
    fill(message, np.array([depths], np.float32), "32FC1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = to_rgb(message)[0, :, 0]
    assert got.tolist() == shown


def test_an_unknown_encoding_names_the_nearest() -> None:
    error = error_of(Message(2, 2, "bayer_rgbg8", 0, 2, bytes(4)))
    assert error.kind == "encoding" and "bayer_rggb8" in str(error)


@pytest.mark.parametrize(("height", "width"), [(0, 4), (4, 0), (0, 0)])
@pytest.mark.parametrize("name", ENCODINGS)
def test_an_image_without_pixels_is_refused(name: str, height: int, width: int) -> None:
    assert error_of(Message(height, width, name, 0, 64, b"")).kind == "empty"


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_step_shorter_than_a_row_is_refused(name: str) -> None:
    message = message_of(name, PICTURE)
    message.step -= 1
    if isinstance(ENCODINGS[name], Planar):
        message.step = PICTURE.shape[1] - 2
    assert error_of(message).kind == "step"


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("padding", [0, 4])
def test_missing_bytes_are_refused_and_counted(name: str, padding: int) -> None:
    message = message_of(name, PICTURE, padding)
    whole = len(message.data)
    message.data = message.data[:-1]
    error = error_of(message)
    assert error.kind == "truncated" and str(whole) in str(error) and str(whole - 1) in str(error)


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_header_that_claims_the_world_takes_no_memory(name: str) -> None:
    message = Message(4_000_000_000, 4_000_000_000, name, 0, 4_294_967_294 * 8, bytes(100))
    tracemalloc.start()
    try:
        assert error_of(message).kind == "truncated"
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


FILLED = [n for n, row in ENCODINGS.items() if isinstance(row, Packed)]


@pytest.mark.parametrize("name", FILLED)
def test_what_is_filled_in_is_read_back(name: str) -> None:
    row = ENCODINGS[name]
    matrix = spread().integers(0, 100, row.shape(5, 8)).astype(row.dtype)
    message = Message()
    fill(message, matrix, name)
    assert isinstance(message.data, array.array) and message.data.typecode == "B"
    assert (message.height, message.width, message.encoding) == (5, 8, name)
    assert message.step * 5 == len(message.data) == matrix.nbytes
    assert np.array_equal(to_array(message), matrix)


@pytest.mark.parametrize("change", [lambda m: m[::-1], lambda m: m[:, ::2], lambda m: m[:, :, ::-1], np.asfortranarray])
def test_an_array_in_any_memory_order_can_be_filled_in(change: Callable[[np.ndarray], np.ndarray]) -> None:
    matrix = change(spread().integers(0, 256, (6, 8, 3), np.uint8))
    message = Message()
    fill(message, matrix, "rgb8")
    assert np.array_equal(to_array(message), matrix)


@pytest.mark.parametrize(
    ("matrix", "encoding"),
    [
        (np.zeros((4, 4), np.uint8), "rgb8"),
        (np.zeros((4, 4, 3), np.uint8), "mono8"),
        (np.zeros((4, 4, 3), np.float32), "rgb8"),
        (np.zeros((4, 4), np.dtype(np.uint16).newbyteorder()), "mono16"),
        (np.zeros(4, np.uint8), "mono8"),
        (np.zeros((6, 4), np.uint8), "nv12"),
        (np.zeros((4, 4, 3), np.uint8), "rgb"),
    ],
)
def test_an_array_of_another_kind_is_not_filled_in(matrix: np.ndarray, encoding: str) -> None:
    message = Message()
    with pytest.raises(ValueError, match=r"rgb8|mono|nv12"):
        fill(message, matrix, encoding)
    assert message == Message()


@pytest.mark.parametrize("name", ["rgb8", "mono8", "mono16", "bgr8", "16UC1", "32FC1"])
def test_a_real_ros_message_is_filled_and_read_without_a_copy(name: str) -> None:
    message = pytest.importorskip("sensor_msgs.msg").Image()
    row = ENCODINGS[name]
    matrix = spread().integers(0, 100, row.shape(5, 8)).astype(row.dtype)
    fill(message, matrix, name)
    got = to_array(message)
    assert np.array_equal(got, matrix) and np.shares_memory(got, np.frombuffer(message.data, np.uint8))
