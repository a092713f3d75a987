"""Recordings are read whatever they are stored in, as far as they go, and say what is wrong with them."""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from bag_making import SECOND, START, TYPES, Message, compressed, file, header, made, raw, shade, write
from mcap.writer import CompressionType, IndexType
from mcap.writer import Writer as McapWriter
from rosbags.rosbag2 import CompressionMode, StoragePlugin

from deep_perception.data.recordings import (
    Recording,
    Topic,
    Window,
    fields_of,
    image_topic,
    image_topics,
    is_recording,
    pictures,
)
from deep_perception.errors import ConfigError, ImageError, InputError

START_NS = START * SECOND
IMAGE = "sensor_msgs/msg/Image"
EVERYTHING = Window()
BOTH = pytest.mark.parametrize("storage", list(StoragePlugin))


def filmed(count: int) -> list[Message]:
    return [raw(second, second) for second in range(count)]


def the_file(bag: Path) -> Path:
    (found,) = (entry for entry in bag.iterdir() if entry.suffix != ".yaml")
    return found


def shades(path: Path, window: Window = EVERYTHING, topic: str = "/image") -> list[int]:
    """What the pictures of a recording show, whose second is their shade."""
    return [int(one.decode()[1, 1, 0]) for one in pictures(Recording(path), topic, window)]


def complaint(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        Recording(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def write_mcap(path: Path, messages: Iterable[Message], *, finish: bool = True, **how: Any) -> Path:
    """Write an MCAP file as other programs do; messages were published half a second before they were recorded."""
    channels: dict[str, int] = {}
    with open(path, "wb") as stream:
        writer = McapWriter(stream, **how)
        writer.start(profile="ros2")
        for second, kind, data in messages:
            if kind not in channels:
                schema = writer.register_schema(kind, "ros2msg", b"")
                topic = "/image" if kind == IMAGE else f"/{kind.split('/')[0]}"
                channels[kind] = writer.register_channel(topic, "cdr", schema)
            time_ns = (START + second) * SECOND
            writer.add_message(channels[kind], log_time=time_ns, publish_time=time_ns - SECOND // 2, data=data)
        if finish:
            writer.finish()
    return path


@BOTH
@pytest.mark.parametrize("mode", [CompressionMode.NONE, CompressionMode.MESSAGE, CompressionMode.FILE])
def test_every_storage_and_compression_gives_the_same_messages(tmp_path: Path, storage: Any, mode: Any) -> None:
    bag = write(
        tmp_path / "drive", {"/left": filmed(3), "/right": [compressed(1, file(".png", shade(7)))]}, storage, mode
    )
    recording = Recording(bag)
    assert recording.topics == (Topic("/left", IMAGE, 3), Topic("/right", "sensor_msgs/msg/CompressedImage", 1))
    assert (recording.name, recording.damage) == ("drive", "")
    assert (recording.start_ns, recording.end_ns) == (START_NS, START_NS + 2 * SECOND)
    found = list(recording.messages(["/left", "/right"]))
    assert [(one.topic, (one.recorded_ns - START_NS) // SECOND) for one in found] == [
        ("/left", 0),
        ("/left", 1),
        ("/right", 1),
        ("/left", 2),
    ]
    assert image_topics(recording) == ("/left", "/right")
    assert bytes(found[1].data) == raw(1, 1)[2]
    assert shades(bag, topic="/right") == [7]


def test_mcap_knows_when_messages_were_published_and_sqlite_does_not(tmp_path: Path) -> None:
    (one,) = Recording(write_mcap(tmp_path / "a.mcap", filmed(1))).messages(["/image"])
    assert (one.recorded_ns, one.published_ns) == (START_NS, START_NS - SECOND // 2)
    (one,) = Recording(write(tmp_path / "b", {"/image": filmed(1)}, StoragePlugin.SQLITE3)).messages(["/image"])
    assert one.published_ns == one.recorded_ns == START_NS


@pytest.mark.parametrize(
    "how",
    [
        {"compression": CompressionType.LZ4},
        {"compression": CompressionType.ZSTD, "chunk_size": 300},
        {"compression": CompressionType.NONE, "enable_crcs": True},
        {"use_chunking": False},
        {"use_statistics": False},
        {"use_summary_offsets": False, "repeat_channels": False, "repeat_schemas": False},
        {"index_types": IndexType.NONE},
    ],
)
def test_mcap_is_read_however_it_was_written(tmp_path: Path, how: dict[str, Any]) -> None:
    path = write_mcap(tmp_path / "a.mcap", filmed(5), **how)
    assert shades(path) == [0, 1, 2, 3, 4]
    assert shades(path, Window(start_s=2, end_s=4)) == [2, 3]
    assert Recording(path).damage == ""


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(), [0, 1, 2, 3, 4, 5]),
        (Window(start_s=1.5), [2, 3, 4, 5]),
        (Window(end_s=2), [0, 1]),
        (Window(start_s=1, end_s=5, stride=2), [1, 3]),
        (Window(stride=2, max_frames=2), [0, 2]),
        (Window(start_s=60), []),
    ],
)
@BOTH
def test_a_window_chooses_time_and_every_so_many_pictures(
    tmp_path: Path, storage: Any, window: Window, expected: list[int]
) -> None:
    bag = write(tmp_path / "drive", {"/image": filmed(6)}, storage)
    assert shades(bag, window) == expected


def test_places_count_what_the_stride_leaves_out(tmp_path: Path) -> None:
    recording = Recording(write(tmp_path / "drive", {"/image": filmed(5)}))
    assert [one.number for one in pictures(recording, "/image", Window(start_s=1, stride=2))] == [0, 2]


@pytest.mark.parametrize("wrong", [{"start_s": -1}, {"start_s": 2, "end_s": 2}, {"stride": 0}, {"max_frames": 0}])
def test_a_window_of_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="expected"):
        Window(**wrong)


def test_what_lies_before_a_window_is_not_read(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / "a.mcap", filmed(6), chunk_size=300, compression=CompressionType.NONE)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(raw(0, 0)[2], bytes(len(raw(0, 0)[2]))))  # its checksum is wrong from here on
    recording = Recording(path)
    assert len(list(pictures(recording, "/image", Window(start_s=3)))) == 3
    assert recording.damage == ""
    assert len(list(pictures(recording, "/image"))) < 6
    assert "a.mcap is damaged" in recording.damage


def test_a_recording_in_many_files_is_one(tmp_path: Path) -> None:
    bag = tmp_path / "drive"
    bag.mkdir()
    for part in range(11):
        the_file(write(tmp_path / f"part{part}", {"/image": [raw(part, part)]})).rename(bag / f"drive_{part}.mcap")
    listed = "".join(f"    - drive_{part}.mcap\n" for part in range(11))
    (bag / "metadata.yaml").write_text(f"rosbag2_bagfile_information:\n  relative_file_paths:\n{listed}")
    assert shades(bag) == list(range(11))
    assert shades(bag, Window(start_s=8.5)) == [9, 10]
    content = b"".join((bag / f"drive_{part}.mcap").read_bytes() for part in range(11))
    assert Recording(bag).sha256() == hashlib.sha256(content).hexdigest()
    (bag / "metadata.yaml").unlink()
    assert shades(bag) == list(range(11))
    assert "drive has no metadata.yaml" in Recording(bag).damage and "ros2 bag reindex" in Recording(bag).damage
    (bag / "drive_4.mcap").write_bytes(b"")
    assert shades(bag) == [0, 1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert "drive_4.mcap" in Recording(bag).damage


def test_a_file_that_metadata_name_but_that_is_not_there_is_named(tmp_path: Path) -> None:
    bag = write(tmp_path / "drive", {"/image": filmed(1)})
    the_file(bag).unlink()
    assert "names drive.mcap, which is not there" in complaint(bag) and "ros2 bag reindex" in complaint(bag)


@BOTH
@pytest.mark.parametrize("share", [0.6, 0.7, 0.8])
def test_a_recording_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path, storage: Any, share: float) -> None:
    messages = [raw(second, second) for second in range(200)]
    if storage is StoragePlugin.MCAP:
        path = write_mcap(tmp_path / "cut.mcap", messages, chunk_size=4000)
    else:
        path = the_file(write(tmp_path / "cut", {"/image": messages}, storage))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    found = shades(path)
    assert 20 < len(found) < 200
    assert found == list(range(len(found)))
    damage = Recording(path).damage
    assert "cut off" in damage and ("mcap recover" in damage or ".recover" in damage)


@pytest.mark.parametrize("how", [{"use_chunking": False}, {"chunk_size": 500}])
def test_a_recording_whose_recorder_was_killed_is_read_up_to_its_last_chunk(
    tmp_path: Path, how: dict[str, Any]
) -> None:
    path = write_mcap(tmp_path / "killed.mcap", filmed(30), finish=False, **how)
    found = shades(path)
    assert found == list(range(len(found))) and len(found) > 20
    recording = Recording(path)
    assert "never finished" in recording.damage and "mcap recover" in recording.damage
    assert recording.topics[0].count == len(found)


def test_what_sqlite_has_not_merged_into_its_file_yet_is_read(tmp_path: Path) -> None:
    path = the_file(write(tmp_path / "drive", {"/image": filmed(2)}, StoragePlugin.SQLITE3))
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("DELETE FROM messages WHERE id = 1")
    database.commit()
    assert shades(path) == [1]
    database.close()


@BOTH
def test_an_empty_recording_is_refused(tmp_path: Path, storage: Any) -> None:
    if storage is StoragePlugin.MCAP:
        path = write_mcap(tmp_path / "empty.mcap", [])
    else:
        path = the_file(write(tmp_path / "drive", {"/image": filmed(1)}, storage))
        database = sqlite3.connect(path)
        database.execute("DELETE FROM messages")
        database.commit()
        database.close()
    assert complaint(path).endswith("it holds no messages")


@pytest.mark.parametrize("name", ["notes.mcap", "notes.db3"])
@pytest.mark.parametrize("content", ["", "no recording at all"])
def test_a_file_that_only_looks_like_a_recording_is_named(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert f"{name}: the recording cannot be read" in complaint(tmp_path / name)


def test_what_is_no_recording_is_told_what_would_be(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(file(".jpg", shade(1)))
    (tmp_path / "old.bag").write_text("#ROSBAG V2.0")
    assert "does not exist, expected a .mcap or .db3 file" in complaint(tmp_path / "nowhere")
    assert "is no ROS 2 recording, expected" in complaint(tmp_path / "photos")
    assert "rosbags-convert" in complaint(tmp_path / "old.bag")
    assert not is_recording(tmp_path / "photos") and not is_recording(tmp_path / "nowhere")


def test_unknown_types_on_other_topics_do_no_harm_and_on_the_chosen_one_are_named(tmp_path: Path) -> None:
    messages = [(0, "acme_msgs/msg/Secret", b"\0\1\0\0what?"), raw(1, 1), (2, "acme_msgs/msg/Secret", b"")]
    path = write_mcap(tmp_path / "a.mcap", messages)
    assert shades(path) == [1]
    recording = Recording(path)
    assert image_topic(recording) == "/image"
    with pytest.raises(InputError, match="/acme_msgs holds acme_msgs/msg/Secret, expected one of /image"):
        image_topic(recording, "acme_msgs")
    with pytest.raises(InputError, match="unknown image topic '/imag'. Nearest: /image"):
        image_topic(recording, "/imag")


def test_a_choice_between_cameras_names_the_option_that_makes_it(tmp_path: Path) -> None:
    recording = Recording(write(tmp_path / "drive", {"/left": filmed(1), "/right": filmed(1)}))
    with pytest.raises(InputError, match="several image topics, choose one with --image: /left, /right"):
        image_topic(recording, option="--image")


def test_a_topic_that_changed_its_type_gives_the_pictures_among_its_messages(tmp_path: Path) -> None:
    with open(tmp_path / "a.mcap", "wb") as stream:
        writer = McapWriter(stream)
        writer.start(profile="ros2")
        for second, kind, data in ((0, "acme_msgs/msg/Secret", b""), raw(1, 1)):
            channel = writer.register_channel("/image", "cdr", writer.register_schema(kind, "ros2msg", b""))
            writer.add_message(channel, second, data, second)
        writer.finish()
    assert shades(tmp_path / "a.mcap") == [1]


def test_a_file_that_was_compressed_and_then_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    messages = [compressed(second, random.bytes(1000)) for second in range(400)]
    plain = write_mcap(tmp_path / "plain.mcap", messages, chunk_size=5000)
    path = tmp_path / "drive_0.mcap.zstd"
    whole = zstandard.compress(plain.read_bytes())
    path.write_bytes(whole[: len(whole) * 3 // 4])
    recording = Recording(path)
    assert recording.name == "drive_0"
    assert 0 < len(list(pictures(recording, "/sensor_msgs"))) < 400
    assert "drive_0.mcap ends in the middle" in recording.damage


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_recording_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / "a.mcap", filmed(1))
    path.chmod(0)
    assert "may not be read by this user" in complaint(path)


def test_a_damaged_message_is_one_damaged_picture(tmp_path: Path) -> None:
    second, kind, data = raw(1)
    path = write_mcap(tmp_path / "a.mcap", [raw(0), (second, kind, data[:30]), (2, kind, b""), raw(3)])
    good, damaged, nothing, last = pictures(Recording(path), "/image")
    assert (good.stamp_ns, damaged.stamp_ns, nothing.stamp_ns) == (START_NS + 250, START_NS + SECOND + 250, None)
    for one in (damaged, nothing):
        with pytest.raises(ImageError, match="damaged"):
            one.decode()
    assert np.array_equal(good.decode(), last.decode())


def test_a_message_that_was_compressed_and_is_damaged_is_one_damaged_picture(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / "a.mcap", [(0, IMAGE, b"\x28\xb5\x2f\xfd and so on"), raw(1, 1)])
    first, second = pictures(Recording(path), "/image")
    with pytest.raises(ImageError, match="damaged"):
        first.decode()
    assert second.decode()[1, 1, 0] == 1


def test_stamps_are_read_in_either_order_of_bytes(tmp_path: Path) -> None:
    message = made(IMAGE, header(5), 6, 8, "rgb8", 0, 24, shade(9).reshape(-1))
    data = bytes(TYPES.serialize_cdr(message, IMAGE, little_endian=False))
    (one,) = pictures(Recording(write_mcap(tmp_path / "a.mcap", [(5, IMAGE, data)])), "/image")
    assert one.stamp_ns == START_NS + 5 * SECOND + 250
    assert np.array_equal(one.decode(), shade(9))


@pytest.mark.parametrize("make", [write_mcap, lambda path, messages: write(path.with_suffix(""), {"/image": messages})])
def test_pixels_are_never_copied_on_their_way_out_of_a_file(tmp_path: Path, make: Callable[..., Path]) -> None:
    for message in Recording(make(tmp_path / "a.mcap", filmed(2))).messages(["/image"]):
        assert np.shares_memory(fields_of(message).data, np.frombuffer(message.data, np.uint8))


def test_other_threads_may_read_and_decode(tmp_path: Path) -> None:
    recording = Recording(write(tmp_path / "drive", {"/image": filmed(8)}, StoragePlugin.SQLITE3))
    with ThreadPoolExecutor(2) as threads:
        found = threads.submit(lambda: list(pictures(recording, "/image"))).result()
        assert [int(one[1, 1, 0]) for one in threads.map(lambda one: one.decode(), found)] == list(range(8))


@pytest.mark.weights
@pytest.mark.parametrize("name", ["person_video_mcap", "person_video_db3"])
def test_a_real_recording_that_was_cut_in_half_gives_its_first_half(
    tmp_path: Path, shared_data: Path, name: str
) -> None:
    whole = the_file(shared_data / "bags" / name)
    (tmp_path / whole.name).write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    recording = Recording(tmp_path / whole.name)
    topic = image_topic(recording)
    found = [one.stamp_ns for one in pictures(recording, topic)]
    expected = [one.stamp_ns for one in pictures(Recording(shared_data / "bags" / name), topic)]
    assert 20 < len(found) < len(expected) == 120
    assert found == expected[: len(found)]
    assert "cut off" in recording.damage
