"""Pictures from where people keep them: photos, folders, videos and ROS 2 recordings, one at a time and without ROS."""

import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps

from deep_perception.data.recordings import RecordedPicture, Recording, image_topic, is_recording, pictures
from deep_perception.data.recordings.files import CONVERT, OLD
from deep_perception.errors import ImageError, InputError, unknown
from deep_perception.predictions import Image

logger = logging.getLogger(__name__)

PHOTOS = frozenset([".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"])
VIDEOS = frozenset([".avi", ".m4v", ".mjpeg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".webm", ".wmv"])


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture and where it came from."""

    name: str
    """Unique within its source and fit for a file name. A photo keeps its own name, suffix included."""
    source: Path
    stamp_ns: int | None
    """Time since the start of a video, stamp of the header in a recording, None for a photo."""
    image: Image


Load: TypeAlias = Callable[[], Frame]
"""Decodes one frame, or raises ImageError. Valid until the next one is asked for."""


def frames(path: str | Path, *, topic: str | None = None, stride: int = 1) -> Iterator[Frame]:
    """Return the pictures of a photo, folder, video or recording in order, every `stride`-th of them.

    `topic` chooses among several image topics of a recording. What cannot be read in a folder or recording is skipped,
    counted and logged once a kind. Raise InputError when nothing is there to be read.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise InputError(_missing(path))
    if not os.access(path, os.R_OK):
        raise InputError(f"{path} may not be read by this user. Change its permissions: chmod u+r")
    return _single(path) if _is_photo(path) else _readable(path, islice(_loads(path, topic), None, None, stride))


def read_image(path: Path) -> Image:
    """Read one photo; raise InputError where it is damaged or missing."""
    try:
        return _photo(path, path.name).image
    except ImageError as err:
        raise InputError(str(err)) from err


def unique(name: str, taken: set[str]) -> str:
    """Return `name`, numbered if it is in `taken` already, and take it."""
    plain, number = Path(name), 1
    while name in taken:
        number += 1
        name = f"{plain.stem}_{number}{plain.suffix}"
    taken.add(name)
    return name


def _attempt(load: Load) -> Frame | ImageError:
    try:
        return load()
    except ImageError as err:
        return err


def _is_photo(path: Path) -> bool:
    """Whether to open it as a photo: a file of unknown suffix may well be one."""
    suffix = path.suffix.lower()
    if suffix == OLD and path.is_file():
        raise InputError(f"{path} {CONVERT}")
    return path.is_file() and suffix not in VIDEOS and not is_recording(path)


def _loads(path: Path, topic: str | None) -> Iterator[Load]:
    if is_recording(path):
        return _recording(path, topic)
    return _folder(path, _photos(path)) if path.is_dir() else _video(path, _open_video(path))


def _missing(path: Path) -> str:
    parent = path.parent
    if not parent.is_dir():
        return f"{path} does not exist, nor does its folder {parent}"
    names = sorted(entry.name for entry in parent.iterdir())
    hint = unknown("file", path.name, names) if names else "nothing"
    return f"{path} does not exist. In {parent.resolve()}: {hint}"


def _readable(path: Path, loads: Iterable[Load]) -> Iterator[Frame]:
    skipped: Counter[str] = Counter()
    read, first = 0, "it is empty"
    for load in loads:
        frame = _attempt(load)
        if isinstance(frame, Frame):
            read += 1
            yield frame
            continue
        if frame.kind not in skipped:
            logger.warning("%s: skipped a picture: %s", path, frame)
        first = first if skipped else str(frame)
        skipped[frame.kind] += 1
    if not read:
        raise InputError(f"{path}: no picture can be read from it: {first}")
    if skipped:
        kinds = ", ".join(f"{count} {kind}" for kind, count in skipped.items())
        logger.warning("%s: skipped %d of %d pictures: %s", path, skipped.total(), read + skipped.total(), kinds)


def _single(path: Path) -> Iterator[Frame]:
    try:
        yield _photo(path, path.name)
    except ImageError as err:
        raise InputError(f"{err}. Expected a photo, a video ({_list(VIDEOS)}), a recording or a folder") from err


def _photos(folder: Path) -> list[Path]:
    found = [Path(where, name) for where, _, names in os.walk(folder) for name in names]
    photos = [file for file in found if file.suffix.lower() in PHOTOS and not file.name.startswith(".")]
    if not photos:
        raise InputError(f"{folder}: no picture among its {len(found)} files, expected {_list(PHOTOS)} or a recording")
    if others := len(found) - len(photos):
        logger.info("%s: %d files that are no pictures are left out", folder, others)
    return sorted(photos, key=_natural)


def _natural(path: Path) -> list[list[tuple[str, int]]]:
    """Sort frame2 before frame10, folder by folder."""
    return [[(text, int(digits or -1)) for text, digits in re.findall(r"(\D*)(\d*)", part)] for part in path.parts]


def _folder(folder: Path, photos: list[Path]) -> Iterator[Load]:
    taken: set[str] = set()
    for photo in photos:
        yield partial(_photo, photo, unique("__".join(photo.relative_to(folder).parts), taken))


def _photo(path: Path, name: str) -> Frame:
    try:
        with PIL.Image.open(path) as picture:
            image = _to_rgb(PIL.ImageOps.exif_transpose(picture))
    except Exception as err:  # a damaged file can make its decoder raise anything
        raise ImageError("corrupt", f"{path} is no picture that can be read ({_line(err)})") from err
    return Frame(name, path, None, image)


def _to_rgb(picture: PIL.Image.Image) -> Image:
    if picture.mode == "F":
        raise ValueError("its pixels are floating-point numbers; save it with 8 or 16 bits")
    if picture.mode.startswith("I"):
        gray = (np.clip(np.asarray(picture), 0, 0xFFFF) >> 8).astype(np.uint8)
        return np.repeat(gray[:, :, None], 3, axis=2)
    if picture.mode == "P":  # its transparency may be spelt in a way that only RGBA understands
        picture = picture.convert("RGBA")
    return np.array(picture.convert("RGB"))


def _open_video(path: Path) -> cv2.VideoCapture:
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what is wrong is said once, by us
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise InputError(f"{path} is no video that this OpenCV can read. Convert it: ffmpeg -i IN -c:v libx264 OUT.mp4")
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


def _video(path: Path, capture: cv2.VideoCapture) -> Iterator[Load]:
    rate = capture.get(cv2.CAP_PROP_FPS)
    index = 0
    while capture.grab():
        seconds = index / rate if rate > 0 else capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
        yield partial(_video_frame, capture, path, index, round(seconds * 1e9))
        index += 1
    if index < 0.9 * capture.get(cv2.CAP_PROP_FRAME_COUNT):
        logger.warning("%s ends after %d frames, its header promises more: it is cut off or damaged", path, index)


def _video_frame(capture: cv2.VideoCapture, path: Path, index: int, stamp_ns: int) -> Frame:
    good, image = capture.retrieve()
    if not good:
        raise ImageError("corrupt", f"frame {index} cannot be decoded")
    rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
    return Frame(f"{path.stem}_{index:06d}", path, stamp_ns, rgb)


def _recording(path: Path, topic: str | None) -> Iterator[Load]:
    recording = Recording(path)
    for picture in pictures(recording, image_topic(recording, topic)):
        yield partial(_recorded, f"{recording.name}_{picture.number:06d}", path, picture)
    if recording.damage:
        logger.warning("%s", recording.damage)


def _recorded(name: str, path: Path, picture: RecordedPicture) -> Frame:
    return Frame(name, path, picture.stamp_ns, picture.decode())


def _line(err: Exception) -> str:
    return " ".join(str(err).split()) or type(err).__name__


def _list(suffixes: Iterable[str]) -> str:
    return " ".join(sorted(suffixes))
