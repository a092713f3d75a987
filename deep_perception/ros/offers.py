"""Quality of service between recordings and topics: what publishers offer, how we listen, and how we publish again."""

from collections.abc import Sequence
from typing import Any

import yaml  # type: ignore[import-untyped]
from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rosbags.interfaces import Qos, QosDurability, QosReliability

DEPTH = 100
"""Messages that may be on their way to a listener who is slow for a moment."""
MOST_LATCHED = 1000
NANOSECONDS = 1_000_000_000


def listening(offers: Sequence[QoSProfile], depth: int) -> QoSProfile:
    """Return the best that all of these publishers can fulfil."""
    reliable = all(one.reliability == ReliabilityPolicy.RELIABLE for one in offers)
    latched = all(one.durability == DurabilityPolicy.TRANSIENT_LOCAL for one in offers)
    return _profile(reliable, latched, depth)


def written(offers: Sequence[QoSProfile]) -> str:
    """Spell profiles as a recording does, in the YAML of metadata of version 8."""
    profiles = [_written(one) for one in offers]
    return yaml.safe_dump([one for place, one in enumerate(profiles) if one not in profiles[:place]], sort_keys=False)


def publishing(recorded: Sequence[Qos], messages: int) -> QoSProfile:
    """Return how to publish a topic again, so that whoever heard one of its publishers hears us.

    What they promised about time (deadlines, lifespans) is left out, because a pause would break it.
    """
    reliable = not recorded or any(one.reliability != QosReliability.BEST_EFFORT for one in recorded)
    latched = is_latched(recorded)
    depth = max([DEPTH, *(min(one.depth, MOST_LATCHED) for one in recorded)])
    # Several publishers held a message each, as of static transforms, where we are only one.
    return _profile(reliable, latched, max(depth, min(messages, MOST_LATCHED)) if latched else depth)


def is_latched(recorded: Sequence[Qos]) -> bool:
    """Whether who comes later was to hear what was said before."""
    return any(one.durability == QosDurability.TRANSIENT_LOCAL for one in recorded)


def _profile(reliable: bool, latched: bool, depth: int) -> QoSProfile:
    return QoSProfile(
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
    )


def _written(offer: QoSProfile) -> dict[str, Any]:
    return {
        "history": int(offer.history),
        "depth": offer.depth,
        "reliability": int(offer.reliability),
        "durability": int(offer.durability),
        "deadline": _time(offer.deadline),
        "lifespan": _time(offer.lifespan),
        "liveliness": int(offer.liveliness),
        "liveliness_lease_duration": _time(offer.liveliness_lease_duration),
        "avoid_ros_namespace_conventions": offer.avoid_ros_namespace_conventions,
    }


def _time(duration: Duration) -> dict[str, int]:
    seconds, nanoseconds = divmod(duration.nanoseconds, NANOSECONDS)
    return {"sec": seconds, "nsec": nanoseconds}
