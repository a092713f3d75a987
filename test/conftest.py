"""What every test may ask for, and what keeps test runs on one machine apart."""

import os
import signal
import socket
from pathlib import Path

import pytest

DATA = Path(
    os.environ.get("DEEP_PERCEPTION_TEST_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data",
)
NO_DATA = f"the real weights, photos and recordings are not at {DATA}; DEEP_PERCEPTION_TEST_DATA names another place"

ROOMY_TRANSPORT = Path(__file__).resolve().parents[1] / "deep_perception" / "ros" / "roomy_transport.xml"
FIRST_PORT = 24000
DOMAINS = range(1, 102)  # above, the ports of DDS reach into those that the system hands out


def pytest_configure(config: pytest.Config) -> None:
    """Give this run, and every process that it starts, a ROS domain of its own and a transport fit for images."""
    # A run in the background has Ctrl-C switched off, and what it starts would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.environ["OMP_NUM_THREADS"] = "1"  # the workers share the cores
    claim = _claim_domain()
    config.add_cleanup(claim.close)
    os.environ["ROS_DOMAIN_ID"] = str(claim.getsockname()[1] - FIRST_PORT)
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    os.environ["FASTRTPS_DEFAULT_PROFILES_FILE"] = str(ROOMY_TRANSPORT)


def _claim_domain() -> socket.socket:
    """Hold a local port that stands for the domain: the system frees it however this process ends."""
    for domain in DOMAINS:
        claim = socket.socket()
        try:
            claim.bind(("127.0.0.1", FIRST_PORT + domain))
        except OSError:
            claim.close()
        else:
            return claim
    raise pytest.UsageError(f"all {len(DOMAINS)} ROS domains are taken by other test runs; wait for one to end")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the real data where there is none."""
    if DATA.is_dir():
        return
    for item in items:
        if item.get_closest_marker("weights"):
            item.add_marker(pytest.mark.skip(reason=NO_DATA))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real weights, photos and recordings."""
    if not DATA.is_dir():
        pytest.skip(NO_DATA)
    return DATA


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty weights cache in place of the user's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("DEEP_PERCEPTION_CACHE", str(folder))
    return folder
