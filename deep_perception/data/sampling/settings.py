"""Settings of what is kept: what wants a picture, what refuses it, and how many there may be."""

from dataclasses import dataclass

from deep_perception.config import Range, check_settings, setting
from deep_perception.errors import ConfigError

NOVELTIES = ("none", "tiny", "network", "vae")


@dataclass(frozen=True)
class SamplingConfig:
    """Which pictures are worth keeping; all of it but the kind of novelty may change while pictures come in."""

    every_s: float = setting(
        10.0, "Keep a picture when none was kept for this many seconds; 0: never.", range=Range(0, 1e6), live=True
    )
    every_m: float = setting(
        0.0,
        "Keep a picture when the robot is this many metres from where the last one was kept; 0: never.",
        range=Range(0, 1e6),
        live=True,
    )
    uncertain_low: float = setting(
        0.3, "Keep a picture with a score of at least this ...", range=Range(0, 1), live=True
    )
    uncertain_high: float = setting(0.6, "... and at most this; 0: scores do not matter.", range=Range(0, 1), live=True)
    flicker: bool = setting(
        True, "Keep a picture in which a thing is missing that is there before and after.", live=True
    )
    disagreement: float = setting(
        0.5,
        "Keep a picture in which a second model lacks what one model finds with at least this score; 0: never.",
        range=Range(0, 1),
        live=True,
    )
    rare_share: float = setting(
        0.0,
        "Keep a picture that shows a class which less than this share of those kept so far show; 0: never.",
        range=Range(0, 1),
        live=True,
    )
    novelty: str = setting(
        "tiny",
        "Keep a picture unlike those kept, by colours and edges (tiny), by what a network sees in it (network), "
        "or by how badly a variational autoencoder draws it that has learnt those kept (vae).",
        choices=NOVELTIES,
    )
    novelty_weights: str = setting(
        "default",
        "Weights of the network or vae: a file; default: the network of the package, the vae of the data set.",
    )
    novelty_threshold: float = setting(
        0.0, "How unlike is new, as the reasons tell it; 0: the usual of its kind.", range=Range(0, 1e6), live=True
    )
    novelty_every_s: float = setting(
        0.5, "Seconds between two pictures that are examined for novelty.", range=Range(0, 1e6), live=True
    )
    novelty_memory: int = setting(1000, "How many kept pictures are remembered for novelty.", range=Range(1, 100_000))
    before_s: float = setting(5.0, "Seconds before a trigger that are kept with it.", range=Range(0, 3600), live=True)
    before_rate_hz: float = setting(
        5.0, "Pictures of a second that are held ready for a trigger.", range=Range(0.01, 1000), live=True
    )
    before_mb: float = setting(128.0, "Most memory for them, in megabytes.", range=Range(0, 1e6), live=True)
    least_change: float = setting(
        20.0,
        "Refuse a picture of which no part differs from one of the last kept by more than this, of 255; 0: none.",
        range=Range(0, 255),
        live=True,
    )
    compared_with: int = setting(
        50, "How many of the last kept pictures one is compared with.", range=Range(1, 10_000), live=True
    )
    most_blur: float = setting(
        1.1,
        "Refuse a picture whose sharpest edges are wider than this, in 320ths of its longer side; 0: none.",
        range=Range(0, 100),
        live=True,
    )
    most_clipped: float = setting(
        0.5,
        "Refuse a picture of which more than this share is black or white; 1: none.",
        range=Range(0, 1),
        live=True,
    )
    least_gap_s: float = setting(
        0.5,
        "Refuse a picture nearer in time to the last kept one, unless it was asked for; 0: none.",
        range=Range(0, 1e6),
        live=True,
    )
    per_minute: int = setting(30, "Most pictures in a minute.", range=Range(0, 100_000), live=True)
    per_hour: int = setting(600, "Most pictures in an hour.", range=Range(0, 1_000_000), live=True)
    reserve: float = setting(
        0.5,
        "Share of the pictures of a minute and of an hour that is kept for what matters: rare classes first.",
        range=Range(0, 1),
        live=True,
    )
    max_mb: float = setting(10_000.0, "Largest size of the data set in megabytes.", range=Range(0, 1e9), live=True)
    leave_free_mb: float = setting(1000.0, "Megabytes of the disk that are left free.", range=Range(0, 1e9), live=True)

    def __post_init__(self) -> None:
        check_settings(self)
        if 0 < self.uncertain_high < self.uncertain_low:
            raise ConfigError(
                f"uncertain_low: got {self.uncertain_low}, expected at most uncertain_high ({self.uncertain_high})"
            )
