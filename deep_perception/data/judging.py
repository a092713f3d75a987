"""What models are judged by: only what people said. What a model said would find that model right."""

from collections.abc import Iterable
from dataclasses import replace

from deep_perception.data.dataset import PIXELS, TAGS, THINGS
from deep_perception.data.record import HUMAN, Record
from deep_perception.data.targets import KIND


def as_judged(records: Iterable[Record], task: str) -> tuple[Record, ...]:
    """Return the records that a person spoke about, with what only a model said set aside.

    Things that only a model saw count neither way; its tags are gone.
    """
    return tuple(_settled(record, KIND.get(task)) for record in records if _has_judge(record, KIND.get(task)))


def _has_judge(record: Record, kind: str | None) -> bool:
    """Tell whether a person said what this picture shows; a task without labels is judged by the picture."""
    if kind == TAGS:
        return any(tag.source == HUMAN for tag in record.tags or ())
    if kind == THINGS:
        said = record.things
        return said is not None and (record.things_source == HUMAN or any(one.source == HUMAN for one in said))
    return kind != PIXELS or (record.pixels is not None and record.pixels_source == HUMAN)


def _settled(record: Record, kind: str | None) -> Record:
    if kind == TAGS:
        return replace(record, tags=tuple(tag for tag in record.tags or () if tag.source == HUMAN))
    if kind == THINGS:
        things = (replace(one, ignored=one.ignored or one.source != HUMAN) for one in record.things or ())
        return replace(record, things=tuple(things))
    return record
