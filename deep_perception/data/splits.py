"""Settles which pictures are for learning, for choosing and for judging, so that none is known from the other side."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deep_perception.data.balancing import EACH, Names, share_out
from deep_perception.data.borders import FIXED, too_near
from deep_perception.data.dataset import FORMAT, SPLITS, TEST, TRAIN, VALIDATION, Dataset, Split
from deep_perception.data.grouping import Seen, groups, look_at
from deep_perception.durable_files import in_words, written_aside
from deep_perception.errors import InputError, StorageError

PARTS = (TRAIN, VALIDATION, TEST)
SHARES = (8.0, 1.0, 1.0)
GAP_S = 1.0
_RANKS = {TEST: 1, VALIDATION: 2, TRAIN: 3}
"""Of two pictures that are too near to each other, the one of higher rank is left out: of training there is most."""

Progress = Callable[[int, int], None]


def split(
    dataset: Dataset,
    shares: Sequence[float] = SHARES,
    seed: int = 0,
    gap_s: float = GAP_S,
    progress: Progress = lambda done, total: None,
) -> Split:
    """Share out groups of neighbours; raise InputError where a part would be empty.

    Where a long recording had to be cut, pictures nearer to the cut than `gap_s`, or like what is beyond it, are in no
    part.
    """
    return _settled(dataset, {}, shares, seed, gap_s, progress)


def extended(dataset: Dataset, progress: Progress = lambda done, total: None) -> Split:
    """Share out what was added since the last split, as it was done then; what is in a part stays there.

    Only a part that should not be empty, but is, is taken out of training.
    """
    assert dataset.split is not None
    known = {record.id for record in dataset.records}
    parts = {part: tuple(one for one in dataset.split.parts.get(part, ()) if one in known) for part in PARTS}
    how = {"shares": SHARES, "seed": 0, "gap_s": GAP_S, **dataset.split.how}
    own = [share if part == TRAIN or not parts[part] else 0.0 for part, share in zip(PARTS, how["shares"], strict=True)]
    if parts[TRAIN] and any(own[1:]):
        fresh = split(dataset.chosen(parts[TRAIN]), own, how["seed"], how["gap_s"], progress).parts
        parts = {part: fresh[part] or parts[part] for part in PARTS}
    old = {one: part for part, ids in parts.items() for one in ids}
    return _settled(dataset, old, how["shares"], how["seed"], how["gap_s"], progress)


def save_split(folder: Path, settled: Split) -> None:
    """Write it down, whole or not at all."""
    said = {
        "format": FORMAT,
        "how": dict(settled.how),
        "parts": {part: list(ids) for part, ids in settled.parts.items()},
    }
    with in_words(f"cannot write the split of {folder}", StorageError), written_aside(folder / SPLITS) as part:
        part.write_text(json.dumps(said, indent=1), encoding="utf-8")


def _settled(
    dataset: Dataset, old: Mapping[str, str], shares: Sequence[float], seed: int, gap_s: float, progress: Progress
) -> Split:
    pictures = look_at(dataset, progress)
    smallest = min(share for share in shares if share > 0) / sum(shares)
    together = groups(pictures, gap_s, smallest)
    parts = _shared_out(pictures, together, old, shares, seed)
    ranks = [FIXED if one.record.id in old else _RANKS[part] for one, part in zip(pictures, parts, strict=True)]
    left_out = too_near(pictures, parts, ranks, gap_s)
    ids: dict[str, list[str]] = {part: [] for part in PARTS}
    for at, (one, part) in enumerate(zip(pictures, parts, strict=True)):
        if at not in left_out:
            ids[part].append(one.record.id)
    _check_filled(dataset, ids, shares, len(together))
    how = {
        "shares": list(shares),
        "seed": seed,
        "gap_s": gap_s,
        "date": dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
        "groups": len(together),
        "left_out": len(left_out),
        "counts": {part: len(chosen) for part, chosen in ids.items()},
    }
    return Split({part: tuple(chosen) for part, chosen in ids.items()}, how)


def _shared_out(
    pictures: Sequence[Seen],
    together: Sequence[Sequence[int]],
    old: Mapping[str, str],
    shares: Sequence[float],
    seed: int,
) -> list[str]:
    """Return the part of each picture; new ones that belong to old ones go where most of these are."""
    parts = [old.get(one.record.id, "") for one in pictures]
    given = {part: Names() for part in PARTS}
    free = []
    for group in together:
        held = Counter(parts[at] for at in group if parts[at])
        if not held:
            free.append(group)
            continue
        for at in group:
            parts[at] = parts[at] or held.most_common(1)[0][0]
            given[parts[at]].update(_names(pictures[at]))
    counts = [sum((_names(pictures[at]) for at in group), Names()) for group in free]
    for group, part in zip(free, share_out(counts, shares, seed, [given[part] for part in PARTS]), strict=True):
        for at in group:
            parts[at] = PARTS[part]
    return parts


def _names(picture: Seen) -> Names:
    return Names([EACH, *picture.names])


def _check_filled(dataset: Dataset, ids: Mapping[str, Sequence[str]], shares: Sequence[float], count: int) -> None:
    empty = [part for part, share in zip(PARTS, shares, strict=True) if share > 0 and not ids[part]]
    if empty:
        raise InputError(
            f"{dataset.folder}: {' and '.join(empty)} would be empty, since its {len(dataset.records)} pictures are "
            f"{count} groups that show nearly the same. Collect more, elsewhere or later, or take a smaller --gap"
        )
