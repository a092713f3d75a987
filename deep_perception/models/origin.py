"""What is known about a model's weights before its network is built."""

from dataclasses import dataclass

from deep_perception.models.checkpoint import Checkpoint


@dataclass(frozen=True)
class Origin:
    """Where a model comes from."""

    name: str
    """Name of the network."""
    labels: tuple[str, ...]
    checkpoint: Checkpoint | None = None
    """None: random weights."""
    known_as: str | None = None
    """Name of these weights, when they are among the published ones."""
    backbone_only: bool = False
    """Whether the weights are those of a classifier, for the part that both networks share."""
    scale: int = 0
    """How many times larger the network makes a picture; 0: it does not."""

    def setting(self, name: str) -> object:
        """Return a setting that was written beside the weights, or None."""
        return self.checkpoint.config.get(name) if self.checkpoint else None

    @property
    def identity(self) -> str:
        """What distinguishes these weights from others."""
        if self.checkpoint is None:
            return "random"
        return f"backbone {self.checkpoint.sha256}" if self.backbone_only else self.checkpoint.sha256
