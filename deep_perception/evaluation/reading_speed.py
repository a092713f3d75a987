"""How fast recordings are read, beside the loop that rosbags itself offers, on the same files."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys.store import Typestore

from deep_perception.data.recordings import Recording, fields_of, pictures
from deep_perception.data.vision_messages import types
from deep_perception.evaluation.speed import Figure, take_turns
from deep_perception.scenes import Scene, render

OURS, THEIRS = "ours", "rosbags'"
LEAST_RATIO = 0.9
TOPIC, FRAMES, SIZE = "/camera/image_raw", 150, (1280, 720)


def measure(rounds: int, frames: int = FRAMES) -> list[Figure]:
    """Write recordings of 720p, compressed and raw, and return the pictures a second that each side reads of them."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: _written(Path(folder) / name, message, frames) for name, message in _messages().items()}
        return [figure for name, path in paths.items() for figure in _figures(name, path, rounds, frames)]


def contestants(path: Path) -> dict[str, Callable[[], Any]]:
    """Return the calls to compare: each unpacks every picture of a recording, and answers how many bytes they had."""
    return {OURS: lambda: sum(map(len, _ours(path))), THEIRS: lambda: sum(map(len, _theirs(path)))}


def _ours(path: Path) -> Iterator[Any]:
    for picture in pictures(Recording(path), TOPIC):
        yield fields_of(picture.message).data


def _theirs(path: Path) -> Iterator[Any]:
    with AnyReader([path], default_typestore=types()) as reader:
        chosen = [connection for connection in reader.connections if connection.topic == TOPIC]
        for connection, _, data in reader.messages(chosen):
            message: Any = reader.deserialize(data, connection.msgtype)
            yield message.data


def _figures(name: str, path: Path, rounds: int, frames: int) -> list[Figure]:
    seconds = take_turns(contestants(path), rounds, warm_ups=1)
    ours, theirs = (np.asarray(seconds[side]) for side in (OURS, THEIRS))
    low, middle, high = np.percentile(theirs / ours, (25, 50, 75))
    rate, rival = float(np.median(frames / ours)), float(np.median(frames / theirs))
    note = f"paired; half of the rounds {low:.2f} to {high:.2f}"
    return [
        Figure(f"{name}: read", rate, "pictures/s", note=f"{THEIRS} {rival:.0f}"),
        Figure(f"{name}: {OURS} / {THEIRS}", float(middle), "x", note=note, least=LEAST_RATIO),
    ]


def _written(path: Path, message: Any, frames: int) -> Path:
    kind, store = message.__msgtype__, types()
    data = store.serialize_cdr(message, kind)
    with Writer(path, version=8, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection(TOPIC, kind, typestore=store)
        for number in range(frames):
            writer.write(connection, number * 33_000_000, data)
    return path


def _messages() -> dict[str, Any]:
    """Return a rendered scene as cameras send it, by what it is called here."""
    store = types()
    picture = cv2.resize(render(Scene(0), 0.0).image, SIZE, interpolation=cv2.INTER_CUBIC)
    jpeg = cv2.imencode(".jpg", picture[:, :, ::-1])[1].reshape(-1)
    header = _made(store, "std_msgs/msg/Header", _made(store, "builtin_interfaces/msg/Time", 0, 0), "camera")
    width, height = SIZE
    raw = (height, width, "rgb8", 0, 3 * width, picture.reshape(-1))
    return {
        "720p JPEG in MCAP": _made(store, "sensor_msgs/msg/CompressedImage", header, "jpeg", jpeg),
        "720p raw in MCAP": _made(store, "sensor_msgs/msg/Image", header, *raw),
    }


def _made(store: Typestore, kind: str, *fields: Any) -> Any:
    return store.types[kind](*fields)
