"""What the recorder writes is read by everybody, at any moment and after any accident."""

import resource
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import yaml
from mcap.reader import make_reader
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_typestore

from deep_perception.data.bag_writer import BagWriter, Kind
from deep_perception.data.recordings import Recording
from deep_perception.errors import InputError, StorageError

TYPES = get_typestore(Stores.ROS2_JAZZY)
TEXT = "std_msgs/msg/String"
KIND = Kind(TEXT, TYPES.generate_msgdef(TEXT, ros_version=2)[0], TYPES.hash_rihs01(TEXT))
QOS = """\
- history: 1
  depth: 5
  reliability: 2
  durability: 1
  deadline: {sec: 0, nsec: 0}
  lifespan: {sec: 9223372036, nsec: 854775807}
  liveliness: 1
  liveliness_lease_duration: {sec: 0, nsec: 0}
  avoid_ros_namespace_conventions: false
"""


def said(text: str) -> bytes:
    return bytes(TYPES.serialize_cdr(TYPES.types[TEXT](data=text), TEXT))


def fill(bag: BagWriter, first: int, last: int) -> None:
    """Write messages that are recorded every second, and were sent half a second before."""
    for second in range(first, last):
        bag.write("/talk", said(f"number {second}"), second * 10**9, second * 10**9 - 5 * 10**8)


@pytest.fixture
def bag(tmp_path: Path) -> Iterator[BagWriter]:
    with closing(BagWriter(tmp_path / "talk")) as bag:
        bag.add("/talk", KIND, QOS)
        yield bag


def ours(folder: Path) -> list[tuple[bytes, int, int]]:
    return [(bytes(one.data), one.recorded_ns, one.published_ns) for one in Recording(folder).messages(["/talk"])]


def of_rosbags(folder: Path) -> list[tuple[bytes, int]]:
    with Reader(folder) as reader:
        return [(bytes(data), when) for _, when, data in reader.messages()]


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_a_finished_recording_is_read_by_all_readers(tmp_path: Path, compression: str) -> None:
    with closing(BagWriter(tmp_path / "talk", compression)) as bag:
        bag.add("/talk", KIND, QOS)
        fill(bag, 1, 6)
        bag.finish()
    found = ours(tmp_path / "talk")
    assert found == [(said(f"number {n}"), n * 10**9, n * 10**9 - 5 * 10**8) for n in range(1, 6)]
    assert of_rosbags(tmp_path / "talk") == [message[:2] for message in found]
    with open(tmp_path / "talk" / "talk_0.mcap", "rb") as file:
        reader = make_reader(file, validate_crcs=True)
        assert [message.data for _, _, message in reader.iter_messages()] == [message[0] for message in found]
        summary = reader.get_summary()
        assert summary.statistics.message_count == 5
        assert [(one.name, one.encoding) for one in summary.schemas.values()] == [(TEXT, "ros2msg")]
        assert summary.chunk_indexes


def test_types_and_qos_are_those_of_the_topic(bag: BagWriter) -> None:
    fill(bag, 1, 2)
    bag.finish()
    with Reader(bag.folder) as reader:
        [connection] = reader.connections
        assert (connection.topic, connection.msgtype, connection.digest) == ("/talk", TEXT, KIND.hash)
        assert connection.msgdef.data == KIND.definition
        [qos] = connection.ext.offered_qos_profiles
    assert (qos.reliability.name, qos.durability.name, qos.depth) == ("BEST_EFFORT", "TRANSIENT_LOCAL", 5)


def test_metadata_have_what_ros2_bag_asks_for(bag: BagWriter) -> None:
    fill(bag, 1, 4)
    bag.flush()
    about = yaml.safe_load((bag.folder / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    [topic] = about.pop("topics_with_message_count")
    assert topic == {
        "message_count": 3,
        "topic_metadata": {
            "name": "/talk",
            "type": TEXT,
            "serialization_format": "cdr",
            "offered_qos_profiles": QOS,
            "type_description_hash": KIND.hash,
        },
    }
    extent = {
        "duration": {"nanoseconds": 2 * 10**9},
        "starting_time": {"nanoseconds_since_epoch": 10**9},
        "message_count": 3,
    }
    assert about.pop("files") == [{"path": "talk_0.mcap", **extent}]
    assert about.pop("ros_distro")
    assert about == {
        "version": 8,
        "storage_identifier": "mcap",
        "relative_file_paths": ["talk_0.mcap"],
        "compression_format": "",
        "compression_mode": "",
        "custom_data": None,
        **extent,
    }


def test_what_was_flushed_is_readable_while_the_recording_goes_on(bag: BagWriter, tmp_path: Path) -> None:
    for last in range(2, 5):
        fill(bag, last - 1, last)
        bag.flush()
        copy = tmp_path / f"copy_{last}"
        shutil.copytree(bag.folder, copy)
        assert [when for _, when in of_rosbags(copy)] == [n * 10**9 for n in range(1, last)]
        assert [when for _, when, _ in ours(copy)] == [n * 10**9 for n in range(1, last)]
        assert Recording(copy).topics[0].count == last - 1


def test_a_recording_of_nothing_yet_is_opened(bag: BagWriter) -> None:
    assert of_rosbags(bag.folder) == []


def test_a_file_that_was_cut_anywhere_keeps_what_was_flushed_before(bag: BagWriter) -> None:
    file = bag.folder / "talk_0.mcap"
    fill(bag, 1, 3)
    bag.flush()
    safe = file.stat().st_size
    fill(bag, 3, 5)
    bag.flush()
    whole = file.read_bytes()
    for length in range(safe, len(whole), 7):
        file.write_bytes(whole[:length])
        assert [when for _, when, _ in ours(bag.folder)][:2] == [10**9, 2 * 10**9]


def test_a_full_disk_is_one_line_and_keeps_what_was_flushed_before(bag: BagWriter) -> None:
    fill(bag, 1, 3)
    bag.flush()
    fill(bag, 3, 5)
    refused = pytest.raises(StorageError, match=r"^the recording .* cannot be written: File too large")
    with at_most((bag.folder / "talk_0.mcap").stat().st_size + 20), refused:
        bag.flush()
    assert [when for _, when in of_rosbags(bag.folder)] == [10**9, 2 * 10**9]
    assert [when for _, when, _ in ours(bag.folder)] == [10**9, 2 * 10**9]


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """Let the system refuse files that are larger."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_a_folder_that_is_there_is_refused_and_left_alone(bag: BagWriter) -> None:
    before = {file: file.read_bytes() for file in bag.folder.iterdir()}
    with pytest.raises(InputError, match="is there already, expected a new folder"):
        BagWriter(bag.folder)
    assert {file: file.read_bytes() for file in bag.folder.iterdir()} == before


def test_a_place_where_nothing_may_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written: Not a directory"):
        BagWriter(tmp_path / "file" / "talk")
