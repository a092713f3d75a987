"""The picture size that a file claims, read from its first bytes: cheap, and before anything is decoded."""

import struct
from collections.abc import Callable

from deep_perception.errors import ImageError


def name(data: bytes) -> str:
    """'JPEG', 'PNG', 'WebP', 'BMP', 'TIFF', or '' for anything else."""
    return next((name for magic, name, _ in _CONTAINERS if _matches(data, magic)), "")


def size(data: bytes, text: str) -> tuple[int, int]:
    """(width, height) of the file in `data`, or ImageError; `text` is what its sender calls it."""
    for magic, container, read in _CONTAINERS:
        if _matches(data, magic):
            return _checked(read, data, container)
    expected = ", ".join(dict.fromkeys(container for _, container, _ in _CONTAINERS))
    problem = f"compressed image ('{text}'): got bytes that start {data[:4].hex(' ')}, expected {expected}"
    raise ImageError("corrupt", f"{problem}. Set the publisher's format to jpeg or png")


def _checked(read: Callable[[bytes], tuple[int, int]], data: bytes, container: str) -> tuple[int, int]:
    try:
        width, height = read(data)
    except (struct.error, KeyError) as err:
        problem = f"compressed image: got {len(data)} bytes of {container} without a size, expected a whole file"
        raise ImageError("corrupt", f"{problem}. Look for losses between here and the camera") from err
    if width == 0 or height == 0:
        problem = f"compressed image: got {width}x{height} pixels of {container}, expected at least one"
        raise ImageError("empty", f"{problem}. Look at the driver that publishes it")
    return width, height


def _jpeg(data: bytes) -> tuple[int, int]:
    """In the first start-of-frame segment; the segments before it are skipped by their length."""
    at = 2
    while True:
        mark, kind, length = struct.unpack_from(">BBH", data, at)
        if mark != 0xFF:
            raise KeyError("segment")
        if kind == 0xFF:
            at += 1
        elif 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        else:
            at += 2 + length


def _png(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _bmp(data: bytes) -> tuple[int, int]:
    (header,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if header == 12 else "<ii", data, 18)
    return abs(width), abs(height)  # a negative height says that rows run downwards


def _webp(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    low, high, low2, high2 = struct.unpack_from("<HBHB", data, 24)
    return (low | high << 16) + 1, (low2 | high2 << 16) + 1


def _tiff(data: bytes) -> tuple[int, int]:
    """Entries 256 and 257 of the first directory, of 12 bytes each; the file's first letter is its byte order."""
    order = "<" if data[:2] == b"II" else ">"
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    found = {}
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag in (256, 257):
            (found[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, entry + 8)
    return found[256], found[257]


def _matches(data: bytes, magic: bytes) -> bool:
    """Whether `data` starts with `magic`, in which a zero byte stands for any."""
    return len(data) >= len(magic) and all(want in (0, got) for want, got in zip(magic, data, strict=False))


_CONTAINERS: tuple[tuple[bytes, str, Callable[[bytes], tuple[int, int]]], ...] = (
    (b"\xff\xd8\xff", "JPEG", _jpeg),
    (b"\x89PNG\r\n\x1a\n", "PNG", _png),
    (b"RIFF\0\0\0\0WEBP", "WebP", _webp),
    (b"BM", "BMP", _bmp),
    (b"II*", "TIFF", _tiff),
    (b"MM\0*", "TIFF", _tiff),
)
