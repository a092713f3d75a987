"""What publishers offered when a recording was made."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from rosbags.interfaces import ConnectionExtRosbag2, Qos
from rosbags.rosbag2 import Reader


def recorded_qos(path: Path) -> Mapping[str, Sequence[Qos]]:
    """Return the profiles of each topic, as far as the recording can tell: nothing where it is damaged."""
    found: defaultdict[str, list[Qos]] = defaultdict(list)
    try:
        with Reader(path) as reader:
            for connection in reader.connections:
                if isinstance(connection.ext, ConnectionExtRosbag2):
                    found[connection.topic] += connection.ext.offered_qos_profiles
    except Exception:  # noqa: BLE001  (rosbags passes on whatever its parsers meet in a damaged file)
        return found
    return found
