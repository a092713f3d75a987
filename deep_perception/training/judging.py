"""A part of the data set as the judge of a model; several processes share the work."""

from collections.abc import Iterator
from functools import reduce
from itertools import chain
from operator import add

import torch

from deep_perception.data.examples import Example, Examples, batches
from deep_perception.evaluation.scoring import examine
from deep_perception.evaluation.tally import Tally
from deep_perception.models.model import Model
from deep_perception.training.course import Course
from deep_perception.training.interruption import Interruption


def examined(course: Course, model: Model, examples: Examples, stop: Interruption) -> Tally:
    """Let a model answer for all of these pictures; raise Interrupted when asked to stop."""
    model.device = course.fabric.device
    counts = examine(model, _told(course, examples, stop), course.names)
    if course.fabric.world_size == 1:
        return counts
    shares: list[Tally] = [counts] * course.fabric.world_size
    torch.distributed.all_gather_object(shares, counts)
    return reduce(add, shares)


def _told(course: Course, examples: Examples, stop: Interruption) -> Iterator[Example]:
    """Yield pictures, telling the listener about each."""
    prepared = batches(examples, course.config.batch, shuffle=False, workers=course.config.workers)
    course.listener.begin("examined", len(examples))
    for example in chain.from_iterable(prepared):
        yield example
        course.listener.advance()
        if course.fabric.world_size == 1:  # several processes wait for each other afterwards, and stop together
            stop.check()
