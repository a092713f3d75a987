"""The detector: TABLETOP."""

import argparse
from collections.abc import Iterator, Sequence

import numpy as np
from torchvision.models.detection.transform import GeneralizedRCNNTransform

from deep_perception.evaluation.matching import Counts, compare, of_class
from deep_perception.models import create
from deep_perception.models.model import Model
from deep_perception.predictions import Detections, Image
from deep_perception.scenes import LABELS
from dev.train_demo_weights.learning import examined, fit, save
from dev.train_demo_weights.pictures import SMALL, WINDOW, Sample, cut, log, rendered

WHOLE_SHARE = 0.2
"""Share of the steps, the last ones, that see whole pictures."""


def train(arguments: argparse.Namespace) -> None:
    model = create("fcos_shufflenet_v2_x1_0_fpn", weights="none", labels=LABELS, device="cpu")
    for number in range(arguments.rounds):
        improve(model, rendered(arguments, number), arguments, number)
    total = examine(model, arguments.held_out)
    counts = {"recall": total.recall, "precision": total.precision, "things": total.found + total.missed}
    save(model, counts, arguments, "tabletop_detector")


def improve(model: Model, data: Sequence[Sample], arguments: argparse.Namespace, number: int) -> None:
    """One round: most steps on windows, the last on whole pictures; gentler after the first round."""
    steps, rng = arguments.detector_steps, np.random.default_rng([arguments.seed, number])

    def batches() -> Iterator[tuple[list[Image], list[Detections]]]:
        for cuts in windows(model, data, steps, arguments.batch, rng):
            yield [one.image for one in cuts], [one.truth for one in cuts]

    fit(model, batches(), steps, rate=1e-3 if number else 2e-3)


def windows(
    model: Model, data: Sequence[Sample], steps: int, batch: int, rng: np.random.Generator
) -> Iterator[list[Sample]]:
    """Cut-outs for each step, which the detector then looks at in their own size."""
    resize = model.network.get_submodule("transform")
    assert isinstance(resize, GeneralizedRCNNTransform)
    usual = resize.min_size, resize.max_size
    for step in range(steps):
        on_windows = step < steps * (1 - WHOLE_SHARE)
        size, count = (WINDOW, batch) if on_windows else (SMALL, batch // 2)
        resize.min_size, resize.max_size = (size[0],), size[1]
        yield [cut(data[int(rng.integers(len(data)))], size, rng) for _ in range(count)]
    resize.min_size, resize.max_size = usual


def examine(model: Model, scenes: int) -> Counts:
    total = Counts()
    by_label = {label: Counts() for label in range(1, len(LABELS))}
    for answer, view in examined(model, scenes, Detections):
        total += compare(answer, view.instances, view.ignored)
        for label in by_label:
            found, truth, ignored = (of_class(side, label) for side in (answer, view.instances, view.ignored))
            by_label[label] += compare(found, truth, ignored)
    for label, counts in by_label.items():
        log.info("%-8s recall %.3f precision %.3f", LABELS[label], counts.recall, counts.precision)
    log.info("all      recall %.3f precision %.3f", total.recall, total.precision)
    return total
