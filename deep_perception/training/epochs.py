"""The loop: learn from every batch, examine, write down, until it is enough."""

import math
import signal
import time
from collections import Counter
from collections.abc import Mapping

from deep_perception.data.dataset import VALIDATION
from deep_perception.data.examples import batches
from deep_perception.evaluation.tally import Tally
from deep_perception.models.creation import save
from deep_perception.models.model import Model
from deep_perception.training.course import Course
from deep_perception.training.curves import curves
from deep_perception.training.gradients import GradientWatch
from deep_perception.training.interruption import Interrupted, Interruption
from deep_perception.training.judging import examined
from deep_perception.training.learner import DivergedError, Learner
from deep_perception.training.live_view import LiveView
from deep_perception.training.run_folder import BEST, CURVES, GRADIENTS, TENSORBOARD
from deep_perception.training.state import Progress, save_state

SAVE_S = 300
"""An epoch that takes longer is written down in between."""
DRAW_S = 10
"""Curves are drawn anew when they are older than this, and at the end."""


class Epochs:
    """Goes through the training part again and again. It can be stopped between any two steps."""

    def __init__(self, course: Course, learner: Learner, progress: Progress) -> None:
        self._course, self._learner, self._progress = course, learner, progress
        self._examples, self._judges = course.learning(), course.plain(VALIDATION)
        self._watch = GradientWatch()
        self._view = LiveView(course.run.path / TENSORBOARD, self._number) if course.run.writes else None
        self._saved = self._drawn = time.monotonic()

    def run(self, stop: Interruption) -> None:
        """Go on until it is enough; raise Interrupted when asked to stop, and DivergedError when nothing is learnt."""
        try:
            while not self._enough():
                self._learn(stop)
                model = self._learner.judged()
                self._write_down(model, examined(self._course, model, self._judges, stop))
            for finding in self._watch.findings():
                self._course.listener.say(finding)
        except Interrupted:
            self._save()
            raise
        except DivergedError as err:
            raise DivergedError(f"{err}{self._rescued()}") from err
        finally:
            self._draw()
            if self._view:
                self._view.close()

    @property
    def _number(self) -> int:
        """Steps that are done in all."""
        return self._progress.epoch * self._course.steps + self._progress.step

    def _enough(self) -> bool:
        progress, config = self._progress, self._course.config
        waited = progress.epoch - progress.best_epoch
        if config.patience and waited >= config.patience and progress.epoch < config.epochs:
            self._course.listener.say(f"stopped early: no better validation score for {waited} epochs")
            return True
        return progress.epoch >= config.epochs

    def _learn(self, stop: Interruption) -> None:
        """Go through the rest of the running epoch."""
        course, progress, config = self._course, self._progress, self._course.config
        self._examples.epoch = progress.epoch
        course.listener.begin(f"epoch {progress.epoch + 1} of {config.epochs}", course.steps, progress.step)
        for batch in batches(
            self._examples,
            config.batch,
            shuffle=True,
            workers=config.workers,
            skip=progress.step,
            rank=course.fabric.global_rank,
            world=course.fabric.world_size,
        ):
            step = self._learner.step(batch, self._number)
            progress.step += 1
            # Some networks call their losses otherwise; the history tells losses from figures by this.
            losses = {f"loss_{name.removeprefix('loss_')}": value for name, value in step.losses.items()}
            progress.sums.update({**losses, "gradient_norm": step.norm})
            self._watch.see(step.norm, config.clip)
            course.listener.advance(f"loss {step.loss:.3f}")
            if self._view:
                self._view.step(self._number, step)
            self._pause(stop)

    def _pause(self, stop: Interruption) -> None:
        """Between two steps: see whether anybody, in any process, was asked to stop; write down now and then."""
        if self._course.fabric.strategy.reduce_boolean_decision(bool(stop.signal), all=False):
            raise Interrupted(stop.signal or signal.SIGTERM)
        if time.monotonic() - self._saved > SAVE_S:
            self._save()

    def _write_down(self, model: Model, counts: Tally) -> None:
        """Close the epoch."""
        progress, run = self._progress, self._course.run
        line = self._line(counts)
        score = -counts.value if counts.lower_is_better else counts.value
        progress.epoch, progress.step, progress.sums = progress.epoch + 1, 0, Counter()
        progress.history.append(line)
        if progress.best is None or score > progress.best:
            progress.best, progress.best_epoch = score, progress.epoch
            self._keep(model, line)
        run.remember(progress.history)
        if self._view:
            self._view.epoch(self._number, counts.figures())
        if time.monotonic() - self._drawn > DRAW_S:
            self._draw()
        self._save()
        self._tell(line, counts.unit)
        run.write(GRADIENTS, {"findings": self._watch.findings()})

    def _tell(self, line: Mapping[str, float], unit: str) -> None:
        best = self._progress.history[self._progress.best_epoch - 1]
        where = f"best {best[unit]:.3f} in epoch {self._progress.best_epoch}"
        said = f"loss {line['loss']:.3f}, {unit} {line[unit]:.3f} ({where}), rate {line['lr']:.1e}"
        self._course.listener.say(f"epoch {self._progress.epoch} of {self._course.config.epochs}: {said}")

    def _line(self, counts: Tally) -> dict[str, float]:
        """Return what the epoch came to."""
        progress = self._progress
        means = {name: total / progress.step for name, total in progress.sums.items()}
        loss = sum(value for name, value in means.items() if name != "gradient_norm")
        position = {"epoch": progress.epoch + 1, "step": self._number, "lr": self._learner.rate_at(self._number - 1)}
        line = {**position, "loss": loss, **means, **counts.figures()}
        return {name: value for name, value in line.items() if math.isfinite(value)}

    def _keep(self, model: Model, metrics: Mapping[str, float]) -> None:
        """Keep these weights as the best so far."""
        if self._course.run.writes:
            save(model, self._course.run.path / BEST, metrics=dict(metrics))

    def _save(self) -> None:
        """Write down where the training stands."""
        self._saved = time.monotonic()
        if self._course.run.writes:
            save_state(self._course.run, self._learner, self._progress)

    def _draw(self) -> None:
        """Show the epochs so far as curves."""
        self._drawn = time.monotonic()
        if self._course.run.writes and self._progress.history:
            curves(self._progress.history, self._course.run.path / CURVES)

    def _rescued(self) -> str:
        """Keep the weights, which the step that failed has not changed, and say where, unless there are better ones."""
        if self._progress.best is None:
            self._keep(self._learner.judged(), {"epoch": 0})
        if not self._course.run.writes:
            return ""
        after = f"epoch {self._progress.best_epoch}" if self._progress.best_epoch else "the last good step"
        return f". The weights of {after} are in {self._course.run.path / BEST}"
