"""Photos, folders, videos and recordings give their pictures, and bad ones are named, not fatal."""

import logging
import os
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from deep_perception.data.media import Frame, frames, unique
from deep_perception.errors import InputError

TYPES = get_typestore(Stores.ROS2_JAZZY)
START_NS = 1_700_000_000_000_000_000
TENTH_NS = 100_000_000


def shade(value: int) -> NDArray[np.uint8]:
    return np.full((6, 8, 3), value, np.uint8)


def complaint(path: Path) -> str:
    """What is said about this file, nothing if its pictures are good."""
    try:
        assert all(frame.image.dtype == np.uint8 for frame in frames(path))
    except InputError as err:
        return str(err)
    return ""


def shades(found: Iterator[Frame]) -> list[int]:
    return [int(frame.image[0, 0, 0]) for frame in found]


def header(index: int) -> Any:
    stamp = TYPES.types["builtin_interfaces/msg/Time"](sec=START_NS // 10**9, nanosec=index * TENTH_NS)
    return TYPES.types["std_msgs/msg/Header"](stamp=stamp, frame_id="camera")


def raw(index: int, value: int, encoding: str = "rgb8") -> tuple[str, bytes]:
    kind = "sensor_msgs/msg/Image"
    message = TYPES.types[kind](header(index), 6, 8, encoding, 0, 24, shade(value).reshape(-1))
    return kind, bytes(TYPES.serialize_cdr(message, kind))


def compressed(index: int, value: int) -> tuple[str, bytes]:
    kind = "sensor_msgs/msg/CompressedImage"
    data = cv2.imencode(".png", shade(value))[1].reshape(-1)
    return kind, bytes(TYPES.serialize_cdr(TYPES.types[kind](header(index), "png", data), kind))


def text(_index: int, _value: int) -> tuple[str, bytes]:
    kind = "std_msgs/msg/String"
    return kind, bytes(TYPES.serialize_cdr(TYPES.types[kind]("hello"), kind))


def record(
    path: Path,
    topics: dict[str, list[tuple[str, bytes]]],
    storage: StoragePlugin = StoragePlugin.MCAP,
    mode: CompressionMode = CompressionMode.NONE,
) -> Path:
    writer = Writer(path, version=8, storage_plugin=storage)
    writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        for topic, messages in topics.items():
            connection = writer.add_connection(topic, messages[0][0], typestore=TYPES)
            for index, (_, data) in enumerate(messages):
                writer.write(connection, START_NS + index * TENTH_NS, data)
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Callable[..., Path]:
    def save(name: str, value: int = 90) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), shade(value))
        return file

    return save


def test_a_photo_keeps_its_name_and_has_no_stamp(photo: Callable[..., Path]) -> None:
    (frame,) = frames(photo("kitchen.png"))
    assert (frame.name, frame.stamp_ns) == ("kitchen.png", None)
    assert np.array_equal(frame.image, shade(90))


def test_a_photo_taken_with_a_turned_camera_comes_upright(tmp_path: Path) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turn right by 90 degrees to view
    PIL.Image.fromarray(np.zeros((4, 10, 3), np.uint8)).save(tmp_path / "phone.jpg", exif=exif)
    (frame,) = frames(tmp_path / "phone.jpg")
    assert frame.image.shape == (10, 4, 3)


@pytest.mark.parametrize(
    ("pixels", "mode", "suffix"),
    [
        (np.full((4, 5), 100, np.uint8), "L", ".png"),
        (np.full((4, 5, 2), 100, np.uint8), "LA", ".png"),
        (np.full((4, 5, 4), 100, np.uint8), "RGBA", ".png"),
        (np.full((4, 5), 100 * 256, np.uint16), "I;16", ".png"),
        (np.full((4, 5), 100 * 256, np.uint16), "I;16", ".tiff"),
        (np.full((4, 5, 3), 100, np.uint8), "RGB", ".webp"),
        (np.full((4, 5, 3), 100, np.uint8), "RGB", ".gif"),
        (np.full((4, 5), 100, np.uint8), "L", ".jpg"),
    ],
)
def test_gray_transparent_and_16_bit_photos_become_rgb(
    tmp_path: Path, pixels: NDArray[Any], mode: str, suffix: str
) -> None:
    picture = PIL.Image.fromarray(pixels)
    assert picture.mode == mode
    picture.save(tmp_path / f"photo{suffix}")
    (frame,) = frames(tmp_path / f"photo{suffix}")
    assert frame.image.shape == (4, 5, 3)
    assert frame.image.dtype == np.uint8
    assert np.abs(frame.image.astype(int) - 100).max() <= 3


def test_a_palette_with_transparency_is_read_without_a_warning(tmp_path: Path) -> None:
    picture = PIL.Image.fromarray(shade(40)).quantize(4)
    picture.save(tmp_path / "icon.png", transparency=b"\x00\xff")
    assert shades(frames(tmp_path / "icon.png")) == [40]


def test_a_16_bit_colour_photo_is_read(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "deep.png"), np.full((4, 5, 3), 100 * 257, np.uint16))
    assert shades(frames(tmp_path / "deep.png")) == [100]


def test_a_folder_is_read_as_people_count_with_its_sub_folders(photo: Callable[..., Path], tmp_path: Path) -> None:
    for name, value in {"f10.png": 10, "f2.png": 2, "f1.png": 1, "day/f1.png": 101, "day2/f1.png": 102}.items():
        photo(name, value)
    found = list(frames(tmp_path))
    assert shades(iter(found)) == [101, 102, 1, 2, 10]
    assert [frame.name for frame in found][:3] == ["day__f1.png", "day2__f1.png", "f1.png"]


def test_names_stay_unique_when_folders_and_files_look_alike(photo: Callable[..., Path], tmp_path: Path) -> None:
    photo("a/b.png"), photo("a__b.png")
    assert sorted(frame.name for frame in frames(tmp_path)) == ["a__b.png", "a__b_2.png"]
    assert unique("x_2.png", {"x_2.png", "x_2_2.png"}) == "x_2_3.png"


def test_what_is_no_picture_is_left_out_and_a_bad_one_skipped(
    photo: Callable[..., Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    photo("good.png", 7)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "._good.png").write_bytes(b"\0")
    whole = photo("cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("no picture")
    with caplog.at_level(logging.INFO):
        assert shades(frames(tmp_path)) == [7]
    assert "2 files that are no pictures" in caplog.text
    assert caplog.text.count("skipped a picture") == 1
    assert "skipped 2 of 3 pictures: 2 corrupt" in caplog.text


def test_every_nth_frame_can_be_asked_for(photo: Callable[..., Path], tmp_path: Path) -> None:
    for index in range(7):
        photo(f"{index}.png", index)
    assert shades(frames(tmp_path, stride=3)) == [0, 3, 6]


def write_video(path: Path, count: int = 8, rate: float = 4.0) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (32, 32))
    for index in range(count):
        writer.write(np.full((32, 32, 3), (0, 0, index * 30), np.uint8))
    writer.release()
    return path


def test_a_video_gives_rgb_frames_with_stamps_from_its_rate(tmp_path: Path) -> None:
    found = list(frames(write_video(tmp_path / "walk.avi")))
    assert [frame.stamp_ns for frame in found] == [index * 250_000_000 for index in range(8)]
    assert found[3].name == "walk_000003"
    assert abs(int(found[7].image[0, 0, 0]) - 210) < 8
    assert found[7].image[0, 0, 2] < 8


def test_a_damaged_video_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"not a video" * 100)
    with pytest.raises(InputError, match=r"broken\.mp4 is no video"):
        list(frames(tmp_path / "broken.mp4"))


@pytest.mark.parametrize("storage", list(StoragePlugin))
@pytest.mark.parametrize("mode", [CompressionMode.NONE, CompressionMode.MESSAGE, CompressionMode.FILE])
def test_recordings_are_read_in_every_storage_and_compression(
    tmp_path: Path, storage: StoragePlugin, mode: CompressionMode
) -> None:
    bag = record(tmp_path / "bag", {"/camera": [raw(i, 10 * i) for i in range(3)], "/log": [text(0, 0)]}, storage, mode)
    found = list(frames(bag))
    assert shades(iter(found)) == [0, 10, 20]
    assert [frame.stamp_ns for frame in found] == [START_NS + i * TENTH_NS for i in range(3)]
    assert [frame.name for frame in found] == ["bag_000000", "bag_000001", "bag_000002"]


def test_mcap_with_compressed_chunks_is_read(tmp_path: Path) -> None:
    bag = record(tmp_path / "b", {"/camera": [raw(0, 5), raw(1, 6)]}, StoragePlugin.MCAP, CompressionMode.STORAGE)
    assert shades(frames(bag)) == [5, 6]


@pytest.mark.parametrize("storage", list(StoragePlugin))
def test_a_single_file_or_a_folder_without_metadata_is_read(tmp_path: Path, storage: StoragePlugin) -> None:
    bag = record(tmp_path / "bag", {"/camera": [compressed(0, 5), compressed(1, 6)]}, storage)
    (file,) = (entry for entry in bag.iterdir() if entry.suffix != ".yaml")
    assert shades(frames(file)) == [5, 6]
    (bag / "metadata.yaml").unlink()
    assert shades(frames(bag)) == [5, 6]


@pytest.mark.parametrize("with_metadata", [True, False])
def test_a_split_recording_is_read_in_order(tmp_path: Path, with_metadata: bool) -> None:
    bag = tmp_path / "split"
    bag.mkdir()
    for part in range(11):
        single = record(tmp_path / f"part{part}", {"/camera": [raw(part, part)]}, StoragePlugin.SQLITE3)
        (single / f"part{part}.db3").rename(bag / f"split_{part}.db3")
    if with_metadata:
        names = "\n".join(f"  - split_{part}.db3" for part in range(11))
        files = "\n".join(HUMBLE_FILE.format(part=part, start=START_NS + part) for part in range(11))
        (bag / "metadata.yaml").write_text(HUMBLE_METADATA.format(names=names, files=files, count=11))
    assert shades(frames(bag)) == list(range(11))


HUMBLE_METADATA = """rosbag2_bagfile_information:
  version: 5
  storage_identifier: sqlite3
  duration:
    nanoseconds: 1000000000
  starting_time:
    nanoseconds_since_epoch: 1700000000000000000
  message_count: {count}
  topics_with_message_count:
    - topic_metadata:
        name: /camera
        type: sensor_msgs/msg/Image
        serialization_format: cdr
        offered_qos_profiles: ""
      message_count: {count}
  compression_format: ""
  compression_mode: ""
  relative_file_paths:
{names}
  files:
{files}
"""
HUMBLE_FILE = """    - path: split_{part}.db3
      starting_time:
        nanoseconds_since_epoch: {start}
      duration:
        nanoseconds: 0
      message_count: 1"""


def test_a_folder_of_photos_beside_some_other_metadata_is_no_recording(
    photo: Callable[..., Path], tmp_path: Path
) -> None:
    photo("a.png", 3)
    (tmp_path / "metadata.yaml").write_text("licence: CC0\n")
    assert shades(frames(tmp_path)) == [3]


def test_several_image_topics_ask_for_a_choice_and_take_it(tmp_path: Path) -> None:
    bag = record(
        tmp_path / "bag", {"/left": [raw(0, 1)], "/right/compressed": [compressed(0, 2)], "/log": [text(0, 0)]}
    )
    with pytest.raises(InputError, match=r"several image topics, choose one with --topic: /left, /right/compressed"):
        list(frames(bag))
    assert shades(frames(bag, topic="/left")) == [1]
    assert shades(frames(bag, topic="right/compressed")) == [2]
    with pytest.raises(InputError, match=r"unknown image topic '/lef'\. Nearest: /left"):
        list(frames(bag, topic="/lef"))
    with pytest.raises(InputError, match=r"topic /log holds std_msgs/msg/String, expected one of /left"):
        list(frames(bag, topic="/log"))


def test_a_recording_without_images_says_what_it_holds(tmp_path: Path) -> None:
    bag = record(tmp_path / "bag", {"/log": [text(0, 0)]})
    with pytest.raises(InputError, match=r"no images in this recording; it holds /log \(std_msgs/msg/String\)"):
        list(frames(bag))


def test_bad_messages_are_skipped_and_told_once_a_kind(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kind, whole = raw(0, 9)
    messages = [raw(0, 1), (kind, whole[:40]), raw(2, 3, "no_such_encoding"), (kind, whole[:60]), raw(4, 5)]
    assert shades(frames(record(tmp_path / "bag", {"/camera": messages}))) == [1, 5]
    assert caplog.text.count("skipped a picture") == 2
    assert "skipped 3 of 5 pictures: 2 corrupt, 1 encoding" in caplog.text


def test_nothing_but_bad_messages_is_an_error(tmp_path: Path) -> None:
    kind, whole = raw(0, 9)
    with pytest.raises(InputError, match=r"bag: no picture can be read from it: .* damaged"):
        list(frames(record(tmp_path / "bag", {"/camera": [(kind, whole[:40])]})))


@pytest.mark.parametrize("storage", list(StoragePlugin))
def test_a_recording_cut_off_or_scrambled_anywhere_gives_pictures_or_one_clear_error(
    tmp_path: Path, storage: StoragePlugin
) -> None:
    bag = record(tmp_path / "bag", {"/camera": [raw(i, i) for i in range(4)]}, storage)
    (file,) = (entry for entry in bag.iterdir() if entry.suffix != ".yaml")
    whole = file.read_bytes()
    random = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[random.integers(len(whole))] ^= 0xFF
        file.write_bytes(damaged[: random.integers(len(whole))] if random.random() < 0.5 else damaged)
        assert "\n" not in complaint(file)


def test_a_recording_that_was_cut_off_gives_what_is_left_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bag = record(tmp_path / "bag", {"/camera": [raw(i % 40, i) for i in range(100)]}, StoragePlugin.SQLITE3)
    (file,) = (entry for entry in bag.iterdir() if entry.suffix != ".yaml")
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 3 // 4])
    assert 0 < len(shades(frames(file))) < 100
    assert caplog.text.count("bag.db3 was cut off") == 1


def test_a_photo_cut_off_or_scrambled_anywhere_is_read_or_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 255, (24, 24, 3), np.uint8)
    for suffix in (".jpg", ".png", ".tiff", ".webp", ".gif", ".bmp"):
        PIL.Image.fromarray(noise).save(tmp_path / f"whole{suffix}")
        whole = (tmp_path / f"whole{suffix}").read_bytes()
        for _ in range(40):
            damaged = bytearray(whole)
            damaged[random.integers(len(whole))] ^= 0xFF
            (tmp_path / f"bad{suffix}").write_bytes(damaged[: random.integers(1, len(whole))])
            assert "\n" not in complaint(tmp_path / f"bad{suffix}")


def test_memory_stays_flat_however_long_the_recording(tmp_path: Path) -> None:
    kind = "sensor_msgs/msg/Image"
    pixels = np.zeros(300 * 400 * 3, np.uint8)
    message = TYPES.types[kind](header(0), 300, 400, "rgb8", 0, 1200, pixels)
    bag = record(tmp_path / "long", {"/camera": [(kind, bytes(TYPES.serialize_cdr(message, kind)))] * 60})
    tracemalloc.start()
    for _ in frames(bag):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * pixels.size


def test_a_missing_path_names_the_nearest(photo: Callable[..., Path], tmp_path: Path) -> None:
    photo("kitchen.png")
    with pytest.raises(InputError, match=r"kitchn\.png does not exist.*Nearest: kitchen\.png"):
        frames(tmp_path / "kitchn.png")
    with pytest.raises(InputError, match="nor does its folder"):
        frames(tmp_path / "none" / "kitchen.png")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_is_named(photo: Callable[..., Path]) -> None:
    file = photo("secret.png")
    file.chmod(0)
    with pytest.raises(InputError, match="may not be read"):
        frames(file)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("notes.txt", "is no picture that can be read"),
        ("empty.jpg", "is no picture that can be read"),
        ("old.bag", "is a ROS 1 recording. Convert it"),
        ("part.db3.zst", "cannot be unpacked"),
        ("bad.mcap", "the recording cannot be read"),
        ("bad.db3", "the recording cannot be read"),
    ],
)
def test_a_file_that_is_no_picture_is_one_clear_error(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / name).write_text("" if name.startswith("empty") else "hello")
    with pytest.raises(InputError, match=says) as caught:
        list(frames(tmp_path / name))
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_folder_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no picture among its 0 files"):
        frames(tmp_path)


@pytest.mark.weights
@pytest.mark.parametrize(
    ("bag", "shape", "step_ns"),
    [
        ("person_video_mcap", (432, 768, 3), TENTH_NS),
        ("person_video_db3", (432, 768, 3), TENTH_NS),
        ("pennfudan20_db3", None, 500_000_000),
    ],
)
def test_real_recordings_are_read(shared_data: Path, bag: str, shape: tuple[int, ...] | None, step_ns: int) -> None:
    first, second = islice(frames(shared_data / "bags" / bag), 2)
    assert shape in (None, first.image.shape)
    assert first.stamp_ns is not None
    assert second.stamp_ns is not None
    assert abs(second.stamp_ns - first.stamp_ns - step_ns) <= 1


@pytest.mark.weights
def test_a_real_video_is_read(shared_data: Path) -> None:
    second = next(islice(frames(shared_data / "video" / "one-by-one-person-detection.mp4"), 1, None))
    assert (second.image.shape, second.stamp_ns) == ((432, 768, 3), TENTH_NS)
