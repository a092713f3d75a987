"""Room for pictures in shared memory: what Fast DDS reserves by itself is less than one, and the rest gets lost."""

import os
from collections.abc import Mapping
from pathlib import Path

PROFILE = Path(__file__).with_name("roomy_transport.xml")
PROFILE_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
"""Up to Fast DDS 2 (Humble, Jazzy), and from 3 on (Kilted)."""
BUILTIN_VARIABLE = "FASTDDS_BUILTIN_TRANSPORTS"

REMEDY_FOR_LOSS = (
    f'Start the camera with {BUILTIN_VARIABLE}="DEFAULT?max_msg_size=64KB&sockets_size=32MB" (Fast DDS), '
    f"or with {PROFILE_VARIABLES[0]}={PROFILE}, which also works when discovery is limited to LOCALHOST"
)


def roomy(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that give a process room for pictures; none where the user has chosen a transport."""
    if any(name in environment for name in (BUILTIN_VARIABLE, *PROFILE_VARIABLES)):
        return {}
    return {name: str(PROFILE) for name in PROFILE_VARIABLES}


def make_room() -> None:
    """Give this process room for the pictures it publishes; before rclpy starts."""
    os.environ.update(roomy(os.environ))
