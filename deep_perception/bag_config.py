"""Settings of `deep_perception play` and `deep_perception record`."""

from dataclasses import dataclass

from deep_perception.config import Range, check_settings, check_topic, setting

MOST_S = 1e9


@dataclass(frozen=True)
class PlayConfig:
    """Settings of `deep_perception play`."""

    rate: float = setting(1.0, "How many times faster than it was recorded.", range=Range(0.001, 1000))
    loop: bool = setting(False, "Begin again at the end.")
    paused: bool = setting(False, "Wait at the start for the space bar, or for the service player/pause.")
    start: float = setting(0.0, "Seconds of the recording to leave out at its start.", range=Range(0, MOST_S))
    duration: float = setting(0.0, "Seconds of the recording to play; 0: to its end.", range=Range(0, MOST_S))
    clock: float = setting(
        0.0, "Times a second that /clock tells the recording's time; 0: never.", range=Range(0, 1000)
    )
    delay: float = setting(
        1.0,
        "Seconds before the first message, in which subscribers find the topics.",
        range=Range(0, 3600),
    )
    wait_for: tuple[str, ...] = setting((), "Begin when somebody publishes on each of these topics.")
    topics: tuple[str, ...] = setting((), "Topics to play; all, if none are named.")
    remap: tuple[str, ...] = setting((), "Other names for topics, as in /camera/image:=/front/image.")

    def __post_init__(self) -> None:
        check_settings(self)
        for topic in self.wait_for:
            check_topic("wait_for", topic)


@dataclass(frozen=True)
class RecordConfig:
    """Settings of `deep_perception record`."""

    all: bool = setting(False, "Record every topic that is not hidden, those that come later too.")
    compression: str = setting(
        "none", "How chunks of messages are compressed: smaller files for more work.", choices=("none", "lz4", "zstd")
    )
    use_sim_time: bool = setting(False, "Take the time from /clock; nothing is recorded before it is heard.")
    topics: tuple[str, ...] = setting((), "Topics to record, those that come later too.")
    out: str = setting("", "Folder of the recording, which must not be there yet.")

    def __post_init__(self) -> None:
        check_settings(self)
        for topic in self.topics:
            check_topic("topics", topic)
