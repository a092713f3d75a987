"""How long work goes, told on the screen: a bar on a terminal, plain lines elsewhere."""

import datetime as dt
import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deep_perception.training.listener import Listener

EVERY_S = 30
"""Without a terminal, a line is due after so long a silence."""


class TrainingProgress(Listener):
    """Prints what is said; in between, how far it is."""

    def __init__(self) -> None:
        self._drawn = sys.stdout.isatty()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(), disable=not self._drawn, transient=True)
        self._task = self._bar.add_task("", total=None, visible=False)
        self._what, self._done, self._total = "", 0, 0
        self._told = self._began = time.monotonic()
        self._first = 1

    def __enter__(self) -> "TrainingProgress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def say(self, sentence: str) -> None:
        """Print a sentence, above the bar."""
        print(sentence, flush=True)
        self._told = time.monotonic()

    def begin(self, what: str, total: int, done: int = 0) -> None:
        """Begin another bar."""
        self._what, self._done, self._total = what, done, total
        self._first = done + 1
        self._bar.reset(self._task, description=what, total=total, completed=done, visible=True)

    def advance(self, remark: str = "") -> None:
        """Move the bar on; without one, print a line now and then."""
        self._done += 1
        if self._done == self._first:
            self._began = time.monotonic()  # what came before it was the start
        self._bar.update(self._task, advance=1, description=", ".join(filter(None, (self._what, remark))))
        if not self._drawn and time.monotonic() - self._told > EVERY_S:
            self.say(", ".join(filter(None, (self._what, f"{self._done} of {self._total}", remark, self._left()))))

    def _left(self) -> str:
        """Say how long it takes yet at the pace so far."""
        if self._done == self._first:
            return ""
        each = (time.monotonic() - self._began) / (self._done - self._first)
        return f"{dt.timedelta(seconds=round(each * (self._total - self._done)))} left"
