"""What of ROS decides whether a node sees; `deep_perception doctor` runs it as a program that prints JSON lines."""

import argparse
import fcntl
import importlib.util
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

from deep_perception.checks import Check
from deep_perception.ros.transport import BUILTIN_VARIABLE, PROFILE_VARIABLES, REMEDY_FOR_LOSS

SHARED_MEMORY = Path("/dev/shm")
ROOMY = 16 << 20
"""Bytes of a shared-memory segment that holds a few pictures."""
LEAST_FREE = 256 << 20
HIGHEST_DOMAIN, HIGHEST_SAFE_DOMAIN = 232, 101
RANGES = ("SUBNET", "LOCALHOST", "OFF", "SYSTEM_DEFAULT")
UNITS = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
BRIDGE = """
import cv_bridge, numpy
bridge = cv_bridge.CvBridge()
bridge.imgmsg_to_cv2(bridge.cv2_to_imgmsg(numpy.zeros((2, 2, 3), numpy.uint8), "bgr8"), "rgb8")
"""


def main() -> int:
    """Print the checks one by one, so that those before a crash are known."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--image")
    parser.add_argument("--seconds", type=float, default=3.0)
    arguments = parser.parse_args()
    for check in checks(arguments.image, arguments.seconds):
        sys.stdout.write(f"{json.dumps(asdict(check))}\n")
        sys.stdout.flush()
    return 0


def checks(image: str | None, seconds: float) -> Iterator[Check]:
    """Check ROS: installed, reachable, roomy; then the camera."""
    yield cv_bridge()
    try:
        import rclpy
    except (ImportError, OSError, RuntimeError) as err:
        remedy = "source /opt/ros/<distribution>/setup.bash (or install ROS); predict, models and weights work without"
        yield Check("ROS 2", "WARN", f"rclpy does not import: {' '.join(str(err).split())[:200]}", remedy)
        return
    yield installation(rclpy)
    yield discovery(os.environ)
    yield transport(os.environ, rclpy.get_rmw_implementation_identifier())
    yield shared_memory(SHARED_MEMORY)
    if importlib.util.find_spec("vision_msgs") is None:
        remedy = f"sudo apt install ros-{os.environ.get('ROS_DISTRO', '<distribution>')}-vision-msgs, or build it"
        yield Check("vision_msgs", "FAIL", "not installed", remedy)
        return
    from deep_perception.ros.camera_checks import camera_checks

    yield from camera_checks(image, seconds)


def installation(rclpy: ModuleType) -> Check:
    """Which ROS is this?"""
    distribution = os.environ.get("ROS_DISTRO", "distribution not set")
    found = f"{distribution}, {rclpy.get_rmw_implementation_identifier()}, rclpy at {Path(str(rclpy.__file__)).parent}"
    return Check("ROS 2", "OK", found)


def discovery(environment: Mapping[str, str]) -> Check:
    """Can nodes find each other?"""
    domain = environment.get("ROS_DOMAIN_ID") or "0"
    reach = environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE") or "SUBNET"
    if environment.get("ROS_LOCALHOST_ONLY") == "1":
        reach = "LOCALHOST (ROS_LOCALHOST_ONLY)"
    found = f"ROS_DOMAIN_ID {domain}, range {reach}"
    if not domain.isdecimal() or int(domain) > HIGHEST_DOMAIN:
        return Check("discovery", "FAIL", found, f"Set ROS_DOMAIN_ID to a number from 0 to {HIGHEST_SAFE_DOMAIN}")
    if int(domain) > HIGHEST_SAFE_DOMAIN:
        remedy = f"Its ports may be taken by other programs: set ROS_DOMAIN_ID to 0 to {HIGHEST_SAFE_DOMAIN}"
        return Check("discovery", "WARN", found, remedy)
    if reach.split()[0] not in RANGES or reach == "OFF":
        remedy = f"No node is found this way: set ROS_AUTOMATIC_DISCOVERY_RANGE to {RANGES[0]} or {RANGES[1]}"
        return Check("discovery", "WARN", found, remedy)
    return Check("discovery", "OK", found)


def transport(environment: Mapping[str, str], middleware: str) -> Check:
    """Does a picture fit into the shared memory of Fast DDS?"""
    if "fastrtps" not in middleware:
        return Check("transport", "OK", f"{middleware} needs no tuning for pictures that we know of")
    remedy = REMEDY_FOR_LOSS
    try:
        size = segment_size(environment)
    except (OSError, ET.ParseError) as err:
        return Check("transport", "WARN", f"the profile of Fast DDS cannot be read: {err}", remedy)
    if size is None:
        return Check(
            "transport", "WARN", "the shared-memory segment is Fast DDS's own: large pictures get lost", remedy
        )
    if size < ROOMY:
        return Check(
            "transport", "WARN", f"a shared-memory segment of {size / 2**20:.1f} MB loses large pictures", remedy
        )
    return Check("transport", "OK", f"shared-memory segment of {size / 2**20:.0f} MB")


def segment_size(environment: Mapping[str, str]) -> int | None:
    """Return the bytes that the environment gives the shared-memory segment of Fast DDS, None if it does not say."""
    sizes = []
    # rmw_fastrtps builds its own transports when discovery is limited to this machine, and forgets the variable.
    transports = "" if _is_local_only(environment) else environment.get(BUILTIN_VARIABLE, "")
    if match := re.search(r"sockets_size=(\d+)([KMG]?B)?", transports, re.IGNORECASE):
        sizes.append(int(match[1]) * UNITS[(match[2] or "").upper()])
    for name in PROFILE_VARIABLES:
        if path := environment.get(name):
            # The file is the user's own setting, which Fast DDS itself is about to parse.
            entries = ET.parse(path).iter()
            sizes += [int(entry.text or 0) for entry in entries if entry.tag.rpartition("}")[2] == "segment_size"]
    return max(sizes, default=None)


def _is_local_only(environment: Mapping[str, str]) -> bool:
    return (
        environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE") == "LOCALHOST" or environment.get("ROS_LOCALHOST_ONLY") == "1"
    )


def shared_memory(folder: Path) -> Check:
    """Is there room, and are no files in the way?"""
    if not folder.is_dir():
        return Check("shared memory", "OK", f"no {folder} on this system")
    room = os.statvfs(folder)
    free = room.f_bavail * room.f_frsize
    files = [file for pattern in ("fastrtps_*", "fastdds_*") for file in folder.glob(pattern)]
    left_over = [file for file in files if file.name.endswith("_el") and _is_abandoned(file)]
    found = f"{free / 2**20:.0f} MB free in {folder}, {len(left_over)} segments of ended programs"
    if foreign := [file for file in files if not os.access(file, os.R_OK | os.W_OK)]:
        remedy = (
            f"Programs of different users cannot share memory: run all as one user, then sudo rm {folder}/fastrtps_*"
        )
        return Check("shared memory", "WARN", f"{found}; {len(foreign)} files belong to another user", remedy)
    if free < LEAST_FREE:
        remedy = "Remove left-over files (fastdds shm clean); give a container more: --ipc=host or --shm-size=1g"
        return Check("shared memory", "WARN", found, remedy)
    return Check("shared memory", "OK", found)


def _is_abandoned(lock: Path) -> bool:
    """Fast DDS holds a lock on this file as long as the program lives."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def cv_bridge() -> Check:
    """Does it work? A clash with NumPy may crash Python, hence in a process of its own."""
    if importlib.util.find_spec("cv_bridge") is None:
        return Check("cv_bridge", "OK", "not installed, and not needed")
    done = subprocess.run([sys.executable, "-c", BRIDGE], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == 0:
        return Check("cv_bridge", "OK", "works")
    last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
    end = f"crashes (signal {-done.returncode})" if done.returncode < 0 else "fails"
    remedy = (
        "Not needed here. For others: pip install 'numpy<2' 'opencv-python-headless<5', or build cv_bridge from source"
    )
    return Check("cv_bridge", "WARN", f"it {end}: {last[:200]}", remedy)


if __name__ == "__main__":
    sys.exit(main())
