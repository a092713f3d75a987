"""Who is told how a training goes."""

from collections.abc import Mapping

from deep_perception.training.learner import Step


class Listener:
    """Hears everything and says nothing; the command line listens with a progress bar."""

    def say(self, sentence: str) -> None:
        """Hear what was decided or found."""

    def begin(self, epoch: int, epochs: int, done: int, steps: int) -> None:
        """Hear that an epoch, counted from 1, begins or goes on after `done` of its steps."""

    def advance(self, step: Step) -> None:
        """Hear that a step is done."""

    def examine(self, done: int, pictures: int) -> None:
        """Hear how many pictures the model was examined on."""

    def end(self, line: Mapping[str, float]) -> None:
        """Hear what an epoch came to."""
