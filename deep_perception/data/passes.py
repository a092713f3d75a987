"""The messages of a recording in the order in which to play them: once, or over and over."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from deep_perception.bag_config import PlayConfig
from deep_perception.data.recordings import Message, Recording

SECOND = 1_000_000_000
GAP_NS = SECOND // 10
"""Between the end of a pass and the next one."""


@dataclass(frozen=True, slots=True)
class Due:
    """A message and when it is its turn."""

    place_ns: int
    """In a time that runs on from pass to pass."""
    earlier_ns: int
    """How long the passes before took: `place_ns` without it is the recording's own time."""
    message: Message


def passes(
    recording: Recording, topics: Collection[str], latched: Collection[str], config: PlayConfig
) -> Iterator[Due]:
    """Yield the messages of these topics as the settings ask for them.

    Each pass begins with what was said before its start on `latched` topics, since that still counts then.
    """
    start_ns = recording.start_ns + round(config.start * SECOND)
    end_ns = start_ns + round(config.duration * SECOND) if config.duration else None
    earlier_ns, first_ns, last_ns = 0, -1, -1
    while True:
        for message in _facts(recording, latched, start_ns) if config.start else ():
            yield Due(earlier_ns + start_ns, earlier_ns, message)
        for message in recording.messages(list(topics), start_ns=start_ns, end_ns=end_ns):
            first_ns = message.recorded_ns if first_ns < 0 else first_ns
            last_ns = max(last_ns, message.recorded_ns)
            yield Due(earlier_ns + message.recorded_ns, earlier_ns, message)
        if not config.loop or last_ns < 0:
            return
        earlier_ns += last_ns - first_ns + GAP_NS


def _facts(recording: Recording, latched: Collection[str], before_ns: int) -> Iterator[Message]:
    yield from recording.messages(list(latched), end_ns=before_ns) if latched else ()
