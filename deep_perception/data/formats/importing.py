"""Brings what lies in another format into a data set."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deep_perception.data.dataset import PIXELS, Dataset, Split
from deep_perception.data.encoding import picture_file
from deep_perception.data.formats.about import add_about
from deep_perception.data.formats.format import Content, Draft, Progress
from deep_perception.data.manifest import line_of, record_of
from deep_perception.data.media import unique
from deep_perception.data.record import Record
from deep_perception.data.splits import save_split
from deep_perception.data.targets import read_numbers
from deep_perception.data.writer import Writer
from deep_perception.errors import InputError
from deep_perception.predictions import UNLABELLED


def check(content: Content, progress: Progress) -> None:
    """Read everything, the first half of an import; raise InputError where something cannot be kept."""
    for number, draft in enumerate(content.drafts, 1):
        try:
            record_of(line_of(draft.record))
        except (ValueError, TypeError) as err:
            raise InputError(f"{draft.record.id}: what is said of it cannot be kept ({err}). Correct it") from err
        progress(number, 2 * content.count)


def bring_in(name: str, content: Content, writer: Writer, progress: Progress) -> int:
    """Add what is not there yet, names and split too, and return how many pictures that were.

    A picture whose id another picture has gets an id of its own; what an earlier try added is left alone.
    """
    for kind, names in content.names.items():
        writer.add_names(kind, names)
    if content.about:
        add_about(writer.folder, name, content.about)
    before, parts = frozenset(writer.records), dict[str, str]()
    for number, draft in enumerate(content.drafts, 1):
        record = _added(writer, _renumbered(draft, content, writer), before)
        if draft.part is not None:
            parts[record.id] = draft.part
        progress(number, content.count)
    if parts:
        _add_parts(writer.folder, parts, name)
    return len(writer.records) - len(before)


def _added(writer: Writer, draft: Draft, before: Collection[str]) -> Record:
    for id in _names_like(draft.record.id):
        if id not in writer.records:
            return writer.add(replace(draft.record, id=id), draft.image, pixels=draft.pixels)
        if id in before and _is_same(writer.folder, writer.records[id], draft):
            return writer.records[id]
    raise AssertionError


def _names_like(name: str) -> Iterator[str]:
    taken: set[str] = set()
    while True:
        yield unique(name, taken)


def _is_same(folder: Path, there: Record, draft: Draft) -> bool:
    """Whether this very picture is there, and this very thing said of it."""
    plain = replace(there, id=draft.record.id, image=draft.record.image, pixels=None, depth=None)
    return (
        line_of(plain) == line_of(draft.record)
        and (folder / there.image).is_file()
        and picture_file(draft.image, draft.record.image)[0] == (folder / there.image).read_bytes()
        and _same_pixels(draft.pixels, there.pixels and folder / there.pixels)
    )


def _same_pixels(pixels: NDArray[np.uint8] | None, there: Path | str | None) -> bool:
    if pixels is None or not there:
        return pixels is None and not there
    return np.array_equal(pixels, read_numbers(Path(there)))


def _renumbered(draft: Draft, content: Content, writer: Writer) -> Draft:
    """Number the classes of pixels as the data set does, which may have had others before."""
    if draft.pixels is None:
        return draft
    ours = writer.labels[PIXELS]
    table = np.full(256, UNLABELLED, np.uint8)
    for number, name in enumerate(content.names[PIXELS]):
        table[number] = ours.index(name)
    return replace(draft, pixels=table[draft.pixels])


def _add_parts(folder: Path, parts: Mapping[str, str], name: str) -> None:
    earlier = Dataset.open(folder).split
    ids = {part: list(ids) for part, ids in earlier.parts.items()} if earlier else {}
    known = {id for part in ids.values() for id in part}
    for id, part in parts.items():
        if id not in known:
            ids.setdefault(part, []).append(id)
    save_split(folder, Split({part: tuple(one) for part, one in ids.items()}, {"from": name}))
