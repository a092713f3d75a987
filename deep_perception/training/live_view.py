"""TensorBoard's live view of a training, where it is installed."""

import importlib.util
import logging
from collections.abc import Mapping
from pathlib import Path

from deep_perception.training.learner import Step

logger = logging.getLogger(__name__)


class LiveView:
    """Writes what TensorBoard shows; nothing where it is not installed."""

    def __init__(self, folder: Path, first: int) -> None:
        """Begin with the step of this number: what was written of it and later ones is taken back."""
        self._writer = None
        if importlib.util.find_spec("tensorboard") is None:
            logger.info("TensorBoard is not installed, so there is no live view. To have one: pip install tensorboard")
            return
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(folder, purge_step=first)

    def step(self, number: int, step: Step) -> None:
        """Show one step."""
        self._show(number, {**{f"train/{name}": loss for name, loss in step.losses.items()}, "train/rate": step.rate})
        self._show(number, {"train/gradient": step.norm})

    def epoch(self, number: int, figures: Mapping[str, float]) -> None:
        """Show what validation said after this many steps."""
        self._show(number, {f"validation/{name}": value for name, value in figures.items()})

    def close(self) -> None:
        """Write what is still to be written."""
        if self._writer is not None:
            self._writer.close()

    def _show(self, number: int, values: Mapping[str, float]) -> None:
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, number)
