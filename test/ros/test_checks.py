"""The checks of a ROS installation tell good settings from those that lose pictures or nodes."""

import fcntl
from pathlib import Path

import pytest

from deep_perception.ros import checks
from deep_perception.ros.checks import cv_bridge, discovery, segment_size, shared_memory, transport
from deep_perception.ros.transport import PROFILE_VARIABLES

PROFILE = """<?xml version="1.0"?>
<dds xmlns="http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles"><profiles><transport_descriptors>
<transport_descriptor><type>SHM</type><segment_size>{size}</segment_size></transport_descriptor>
</transport_descriptors></profiles></dds>"""


@pytest.mark.parametrize(
    ("environment", "status"),
    [
        ({}, "OK"),
        ({"ROS_DOMAIN_ID": "42"}, "OK"),
        ({"ROS_DOMAIN_ID": "150"}, "WARN"),
        ({"ROS_DOMAIN_ID": "233"}, "FAIL"),
        ({"ROS_DOMAIN_ID": "robot"}, "FAIL"),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}, "OK"),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"}, "WARN"),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "everywhere"}, "WARN"),
        ({"ROS_LOCALHOST_ONLY": "1"}, "OK"),
    ],
)
def test_settings_under_which_nodes_cannot_meet_are_named(environment: dict[str, str], status: str) -> None:
    found = discovery(environment)
    assert found.status == status
    assert bool(found.remedy) == (status != "OK")


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("", None),
        ("LARGE_DATA", None),
        ("DEFAULT?max_msg_size=64KB&sockets_size=32MB", 32 << 20),
        ("DEFAULT?sockets_size=2097152B", 2 << 20),
        ("DEFAULT?sockets_size=1gb", 1 << 30),
    ],
)
def test_the_size_of_the_segment_is_read_as_fast_dds_reads_it(value: str, size: int | None) -> None:
    assert segment_size({"FASTDDS_BUILTIN_TRANSPORTS": value}) == size


@pytest.mark.parametrize("variable", PROFILE_VARIABLES)
def test_a_segment_set_in_a_profile_counts(tmp_path: Path, variable: str) -> None:
    file = tmp_path / "profile.xml"
    file.write_text(PROFILE.format(size=20 << 20))
    assert segment_size({variable: str(file)}) == 20 << 20
    assert transport({variable: str(file)}, "rmw_fastrtps_cpp").status == "OK"


def test_a_segment_too_small_for_pictures_is_a_warning_with_the_setting_to_make(tmp_path: Path) -> None:
    for environment in (
        {},
        {"FASTDDS_BUILTIN_TRANSPORTS": "DEFAULT?sockets_size=2MB"},
        {"FASTDDS_DEFAULT_PROFILES_FILE": str(tmp_path / "none.xml")},
    ):
        found = transport(environment, "rmw_fastrtps_cpp")
        assert found.status == "WARN"
        assert 'FASTDDS_BUILTIN_TRANSPORTS="DEFAULT?' in found.remedy
    assert transport({}, "rmw_cyclonedds_cpp").status == "OK"


def test_segments_of_ended_programs_are_told_from_those_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LEAST_FREE", 0)
    (tmp_path / "fastrtps_0123_el").touch()
    (tmp_path / "fastrtps_4567_el").touch()
    with (tmp_path / "fastrtps_4567_el").open("rb") as used:
        fcntl.flock(used, fcntl.LOCK_EX)
        found = shared_memory(tmp_path)
    assert found.status == "OK"
    assert "1 segments of ended programs" in found.finding


def test_too_little_shared_memory_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LEAST_FREE", 1 << 62)
    found = shared_memory(tmp_path)
    assert found.status == "WARN"
    assert "--shm-size" in found.remedy
    assert shared_memory(tmp_path / "none").status == "OK"


@pytest.mark.parametrize(
    ("code", "status", "says"),
    [
        ("import os; os.abort()", "WARN", "it crashes (signal 6)"),
        ("raise ImportError('numpy.core.multiarray failed to import')", "WARN", "numpy.core.multiarray"),
        (
            "class CvBridge:\n    def cv2_to_imgmsg(self, *_): pass\n    def imgmsg_to_cv2(self, *_): pass",
            "OK",
            "works",
        ),
    ],
)
def test_a_cv_bridge_that_crashes_does_not_take_the_doctor_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, status: str, says: str
) -> None:
    (tmp_path / "cv_bridge.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = cv_bridge()
    assert found.status == status
    assert says in found.finding
