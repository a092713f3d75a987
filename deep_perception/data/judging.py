"""What models are judged by: only what people said. What a model said would find that model right."""

from collections.abc import Sequence
from dataclasses import replace

from deep_perception.data.dataset import PIXELS, TAGS, THINGS, Dataset
from deep_perception.data.record import HUMAN, Record
from deep_perception.data.targets import KIND, target_of, things
from deep_perception.predictions import Detections, Prediction


def truth_of(
    dataset: Dataset, record: Record, task: str, names: Sequence[str]
) -> tuple[Prediction, Detections | None] | None:
    """Return the truth about a picture, and what counts neither way; None where no human said what it shows.

    Of things, those that only a model saw count neither way.
    """
    if not is_judged(record, task):
        return None
    if KIND.get(task) == TAGS:
        record = replace(record, tags=tuple(tag for tag in record.tags or () if tag.source == HUMAN))
    if KIND.get(task) != THINGS:
        return target_of(dataset, record, task, names), None
    settled = replace(
        record,
        things=tuple(replace(one, ignored=one.ignored or one.source != HUMAN) for one in record.things or ()),
    )
    return target_of(dataset, settled, task, names), things(settled, names, ignored=True)


def is_judged(record: Record, task: str) -> bool:
    """Tell whether a human said what this picture shows."""
    kind = KIND.get(task)
    if kind == TAGS:
        return any(tag.source == HUMAN for tag in record.tags or ())
    if kind == THINGS:
        said = record.things
        return said is not None and (record.things_source == HUMAN or any(one.source == HUMAN for one in said))
    return kind != PIXELS or (record.pixels is not None and record.pixels_source == HUMAN)
