"""A ROS domain for one program and the processes that it starts, where nobody else talks."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from deep_perception.errors import ConfigError

FIRST_PORT = 24000
DOMAINS = range(101, 0, -1)  # above 101, the ports of DDS reach into those that the system hands out


@contextmanager
def private_domain() -> Iterator[int]:
    """Set the environment so that contexts made from now on meet only this program's own."""
    with _claim() as claim:
        domain = claim.getsockname()[1] - FIRST_PORT
        os.environ["ROS_DOMAIN_ID"] = str(domain)
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        yield domain


def _claim() -> socket.socket:
    """Hold a local port that stands for the domain: the system frees it however this process ends."""
    for domain in DOMAINS:
        claim = socket.socket()
        try:
            claim.bind(("127.0.0.1", FIRST_PORT + domain))
        except OSError:
            claim.close()
        else:
            return claim
    raise ConfigError(
        f"ROS_DOMAIN_ID: all {len(DOMAINS)} domains are taken by programs like this one. Wait for one to end"
    )
