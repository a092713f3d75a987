"""Splits keep what shows nearly the same on one side, balance the classes, and stay as they are when data is added."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from deep_perception.data.balancing import EACH, share_out
from deep_perception.data.dataset import TEST, TRAIN, VALIDATION, Dataset, Split
from deep_perception.data.grouping import look_at
from deep_perception.data.record import Record, Tag, Thing
from deep_perception.data.splits import PARTS, extended, save_split, split
from deep_perception.data.writer import Writer
from deep_perception.errors import InputError

SECOND = 1_000_000_000
random = np.random.default_rng(0)


def scene(number: int, wander: float = 0.0) -> np.ndarray:
    """A picture of its own for each number; `wander`: by how many grey levels it differs from the plain one."""
    picture = np.random.default_rng(number).integers(0, 256, (6, 8, 3)).astype(np.float32)
    return np.clip(np.kron(picture, np.ones((2, 2, 1))) + wander, 0, 255).astype(np.uint8)


def film(
    folder: Path,
    count: int,
    *,
    recording: str = "drive",
    rate_hz: float = 1.0,
    first: int = 0,
    picture: Callable[[int], np.ndarray] = scene,
    names: Callable[[int], Sequence[str]] = lambda number: ["cup"],
    camera: str = "",
) -> Dataset:
    """Write pictures at an even rate."""
    with Writer(folder, durable=False) as writer:
        for number in range(first, first + count):
            stamp = round(number / rate_hz * SECOND) if recording else None
            things = tuple(Thing(name, (0, 0, 2, 2)) for name in names(number))
            name = f"{recording}{camera}{number:04d}"
            writer.add(Record(name, "", 0, 0, stamp, recording, camera, things=things), picture(number))
    return Dataset.open(folder)


def part_of(settled: Split) -> dict[str, str]:
    return {one: part for part, ids in settled.parts.items() for one in ids}


def sizes(settled: Split) -> tuple[int, ...]:
    return tuple(len(settled.parts[part]) for part in PARTS)


def test_pictures_without_time_are_shared_out_8_to_1_to_1(tmp_path: Path) -> None:
    settled = split(film(tmp_path, 100, recording=""))
    assert sizes(settled) == (80, 10, 10)
    assert len(part_of(settled)) == 100


def test_the_same_seed_gives_the_same_split_and_another_another(tmp_path: Path) -> None:
    dataset = film(tmp_path, 50, recording="")
    assert split(dataset, seed=3).parts == split(dataset, seed=3).parts != split(dataset, seed=4).parts


def test_shares_are_the_callers(tmp_path: Path) -> None:
    dataset = film(tmp_path, 40, recording="")
    assert sizes(split(dataset, (2, 1, 1))) == (20, 10, 10)
    assert sizes(split(dataset, (3, 1, 0))) == (30, 10, 0)


@pytest.mark.parametrize("rate_hz", [0.2, 2, 5, 30])
@pytest.mark.parametrize("gap_s", [0.5, 1.0])
def test_pictures_of_one_recording_on_different_sides_are_further_apart_than_the_gap(
    tmp_path: Path, rate_hz: float, gap_s: float
) -> None:
    for number, name in enumerate(("monday", "tuesday")):
        film(tmp_path, 200, recording=name, rate_hz=rate_hz, first=1000 * number)
    dataset = Dataset.open(tmp_path)
    settled = split(dataset, gap_s=gap_s)
    part = part_of(settled)
    for one in dataset.records:
        for other in dataset.records:
            if one.recording == other.recording and part.get(one.id, "") != part.get(other.id, "") != "":
                assert one.id not in part or abs(one.stamp_ns - other.stamp_ns) > gap_s * SECOND
    assert sizes(settled)[0] >= 200 and min(sizes(settled)) >= 20


def test_two_cameras_of_one_moment_stand_on_one_side(tmp_path: Path) -> None:
    for camera in ("left", "right"):
        film(tmp_path, 60, rate_hz=0.1, camera=camera, picture=lambda n, c=camera: scene(n + 1000 * (c == "left")))
    part = part_of(split(Dataset.open(tmp_path)))
    for number in range(60):
        assert part[f"driveleft{number:04d}"] == part[f"driveright{number:04d}"]


@pytest.mark.parametrize("recording", ["drive", ""])
def test_neighbours_that_show_nearly_the_same_stand_on_one_side(tmp_path: Path, recording: str) -> None:
    dataset = film(
        tmp_path, 120, recording=recording, rate_hz=0.1, picture=lambda number: scene(number // 4, number % 4)
    )
    part = part_of(split(dataset))
    assert len(part) == 120
    for number in range(0, 120, 4):
        assert len({part[f"{recording}{one:04d}"] for one in range(number, number + 4)}) == 1


def test_where_a_long_likeness_is_cut_no_neighbours_show_the_same(tmp_path: Path) -> None:
    """The picture changes slowly and for ever, so that there is no place to cut."""
    dataset = film(tmp_path, 300, rate_hz=0.1, picture=moving)
    settled = split(dataset)
    part = part_of(settled)
    staying = [one for one in look_at(dataset, lambda *_: None) if one.record.id in part]
    for one, other in pairwise(staying):
        assert part[one.record.id] == part[other.record.id] or not one.like(other)
    assert settled.how["left_out"] == 300 - len(part) > 0


def moving(number: int) -> np.ndarray:
    """A soft bright bar that moves by a twentieth of a pixel each time."""
    bar = 255 * np.exp(-(((np.arange(16) - number / 20) / 3) ** 2))
    return np.broadcast_to(bar[None, :, None], (12, 16, 3)).astype(np.uint8)


def test_equal_pictures_stand_on_one_side_wherever_they_are(tmp_path: Path) -> None:
    dataset = film(tmp_path, 90, recording="", picture=lambda number: scene(number % 45))
    part = part_of(split(dataset))
    assert all(part[f"{number:04d}"] == part[f"{number + 45:04d}"] for number in range(45))


def test_pictures_that_are_all_the_same_cannot_be_split(tmp_path: Path) -> None:
    dataset = film(tmp_path, 30, rate_hz=0.1, picture=lambda number: scene(0, number % 3))
    with pytest.raises(InputError, match=r"would be empty, since its 30 pictures .* Collect more"):
        split(dataset)


def test_two_pictures_are_too_few(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="test would be empty"):
        split(film(tmp_path, 2, recording=""))


def test_three_pictures_are_one_for_each_part(tmp_path: Path) -> None:
    assert sizes(split(film(tmp_path, 3, recording=""))) == (1, 1, 1)


def test_a_class_is_in_training_always_and_in_each_part_where_there_is_enough_of_it(tmp_path: Path) -> None:
    def names(number: int) -> list[str]:
        return ["cup"] + ["lone"] * (number == 7) + ["pair"] * (number in (20, 40)) + ["some"] * (number % 20 == 3)

    dataset = film(tmp_path, 100, recording="", names=names)
    settled = split(dataset)
    shown = {part: Counter[str]() for part in PARTS}
    for record in dataset.records:
        shown[part_of(settled)[record.id]].update(thing.name for thing in record.things or ())
    assert shown[TRAIN]["lone"] == 1 and shown[TRAIN]["pair"] == 2
    assert min(shown[part]["some"] for part in PARTS) >= 1
    assert sizes(settled) == (80, 10, 10)


def test_unlabelled_pictures_do_not_use_up_a_part(tmp_path: Path) -> None:
    with Writer(tmp_path, durable=False) as writer:
        for number in range(100):
            tags = (Tag("cup"),) if number < 20 else None
            writer.add(Record(f"{number}", "", 0, 0, tags=tags), scene(number))
    part = part_of(split(Dataset.open(tmp_path)))
    assert Counter(part[f"{number}"] for number in range(20)) == {TRAIN: 16, VALIDATION: 2, TEST: 2}


def test_what_was_added_later_leaves_the_old_split_as_it_was(tmp_path: Path) -> None:
    save_split(tmp_path, split(film(tmp_path, 200, rate_hz=5)))
    before = Dataset.open(tmp_path).split
    assert before is not None
    film(tmp_path, 100, rate_hz=5, first=200)  # goes on where the old recording ended
    film(tmp_path, 100, recording="later", rate_hz=0.1, first=1000)
    dataset = Dataset.open(tmp_path)
    after = extended(dataset)
    part, stamps = part_of(after), {record.id: record.stamp_ns or 0 for record in dataset.records}
    for name in PARTS:
        assert set(before.parts[name]) <= set(after.parts[name])
    later = Counter(part[f"later{number:04d}"] for number in range(1000, 1100))
    assert later[TRAIN] >= 70 and min(later[VALIDATION], later[TEST]) >= 5
    drive = [one for one in part if one.startswith("drive")]
    for one in drive:
        for other in drive:
            assert part[one] == part[other] or abs(stamps[one] - stamps[other]) > SECOND


def test_what_was_left_out_stays_out_when_data_is_added(tmp_path: Path) -> None:
    save_split(tmp_path, split(film(tmp_path, 200, rate_hz=5)))
    first = part_of(Dataset.open(tmp_path).split)
    film(tmp_path, 30, recording="later", rate_hz=0.1, first=1000)
    after = part_of(extended(Dataset.open(tmp_path)))
    assert {one for one in after if one.startswith("drive")} == set(first)


def test_what_was_added_to_a_scene_goes_where_the_scene_is(tmp_path: Path) -> None:
    save_split(tmp_path, split(film(tmp_path, 60, recording="", picture=lambda number: scene(number))))
    before = part_of(Dataset.open(tmp_path).split)
    film(tmp_path, 60, recording="", first=60, picture=lambda number: scene(number - 60))  # the same pictures again
    after = part_of(extended(Dataset.open(tmp_path)))
    assert all(after[f"{number + 60:04d}"] == before[f"{number:04d}"] for number in range(60))


def test_a_part_that_is_empty_is_taken_out_of_training_and_the_others_stay(tmp_path: Path) -> None:
    """As many data sets come: with a test part, but none to choose by."""
    dataset = film(tmp_path, 100, recording="")
    ids = tuple(record.id for record in dataset.records)
    save_split(tmp_path, Split({TRAIN: ids[:80], TEST: ids[80:]}, {"from": "elsewhere"}))
    after = extended(Dataset.open(tmp_path))
    assert sizes(after) == (71, 9, 20)
    assert set(after.parts[TEST]) == set(ids[80:])


def test_what_is_gone_is_taken_out_of_the_split(tmp_path: Path) -> None:
    dataset = film(tmp_path, 20, recording="")
    settled = split(dataset)
    save_split(tmp_path, Split({**settled.parts, TRAIN: (*settled.parts[TRAIN], "ghost")}, settled.how))
    assert extended(Dataset.open(tmp_path)).parts == settled.parts


def test_the_few_that_are_labelled_are_in_each_part(tmp_path: Path) -> None:
    """One recording with labels among much that nobody looked at."""
    film(tmp_path, 40, recording="labelled", rate_hz=0.9)
    with Writer(tmp_path, durable=False) as writer:
        for number in range(400):
            writer.add(Record(f"{number}", "", 0, 0, number * SECOND, "long"), scene(1000 + number))
    dataset = Dataset.open(tmp_path)
    part = part_of(split(dataset))
    shown = Counter(part.get(record.id) for record in dataset.records if record.things is not None)
    assert min(shown[name] for name in PARTS) >= 2


def test_a_split_that_was_saved_is_read_again(tmp_path: Path) -> None:
    dataset = film(tmp_path, 20, recording="")
    settled = split(dataset, seed=5)
    save_split(tmp_path, settled)
    found = Dataset.open(tmp_path).split
    assert found == settled
    assert found.how["seed"] == 5 and found.how["counts"] == {TRAIN: 16, VALIDATION: 2, TEST: 2}


def test_groups_of_any_size_are_balanced() -> None:
    groups = [Counter({EACH: int(size), "cup": int(size)}) for size in random.integers(1, 20, 200)]
    places = share_out(groups, (8, 1, 1), 0, [Counter()] * 3)
    total = sum(group[EACH] for group in groups)
    for place, share in enumerate((0.8, 0.1, 0.1)):
        held = sum(group[EACH] for group, chosen in zip(groups, places, strict=True) if chosen == place)
        assert abs(held / total - share) < 0.01
