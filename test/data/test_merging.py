"""Of several data sets one is made that says all that they said."""

import errno
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deep_perception.data.dataset import BACKGROUND, TEST, TRAIN, VALIDATION, Dataset, Split
from deep_perception.data.formats.about import add_about, read_about
from deep_perception.data.merging import merge
from deep_perception.data.record import Record, Tag, Thing
from deep_perception.data.splits import save_split
from deep_perception.data.targets import image_of, label_map, read_numbers
from deep_perception.data.writer import Writer
from deep_perception.errors import InputError, StorageError

CLASSES = (BACKGROUND, "floor", "wall")


def made(folder: Path, ids: str, pixels: tuple[str, ...] = ("floor", "wall"), seed: int = 0) -> Dataset:
    """A data set of noise, on which every second pixel is the first class, and every second the other."""
    random = np.random.default_rng(seed)
    with Writer(folder, durable=False) as writer:
        writer.add_names("pixels", pixels)
        for number, name in enumerate(ids):
            things = (Thing(f"thing {name}", (0, 0, 2, 2), 0.5, "model"),)
            record = Record(name, ".png", 0, 0, number, folder.name, tags=(Tag("noise"),), things=things)
            mask = np.array([[1, 2] * 3] * 4, np.uint8)
            mask[0, 0] = 255
            image = random.integers(0, 256, (4, 6, 3), np.uint8)
            writer.add(record, image, pixels=mask, depth=np.full((4, 6), 1000 + number, np.uint16))
    return Dataset.open(folder)


def plain(record: Record) -> Record:
    """What a record says, wherever its files are."""
    return replace(record, id="", image="", pixels=None, depth=None)


def test_everything_that_was_said_is_said_again(tmp_path: Path) -> None:
    sources = [made(tmp_path / "a", "xy"), made(tmp_path / "b", "uv", seed=1)]
    merged = merge(sources, tmp_path / "out")
    assert [record.id for record in merged.records] == ["x", "y", "u", "v"]
    assert Dataset.open(tmp_path / "out").records == merged.records
    for record, source in zip(merged.records, [sources[0]] * 2 + [sources[1]] * 2, strict=True):
        earlier = next(one for one in source.records if one.id == record.id)
        assert plain(record) == plain(earlier)
        assert np.array_equal(image_of(merged, record), image_of(source, earlier))
        assert (merged.folder / str(record.depth)).read_bytes() == (source.folder / str(earlier.depth)).read_bytes()


def test_classes_of_pixels_keep_their_names_whatever_their_numbers(tmp_path: Path) -> None:
    one, other = made(tmp_path / "a", "x"), made(tmp_path / "b", "y", ("wall", "floor"), seed=1)
    merged = merge([one, other], tmp_path / "out")
    assert merged.labels["pixels"] == CLASSES
    assert read_numbers(merged.folder / "masks/y.png")[1, 0] == 2
    for source, record in zip((one, other), merged.records, strict=True):
        before = label_map(source, source.records[0], CLASSES).labels
        assert np.array_equal(label_map(merged, record, CLASSES).labels, before)


def test_an_id_that_is_taken_gets_the_name_of_its_folder(tmp_path: Path) -> None:
    sources = [made(tmp_path / name, "xy", seed=seed) for seed, name in enumerate("abc")]
    merged = merge(sources, tmp_path / "out")
    assert [record.id for record in merged.records] == ["x", "y", "b_x", "b_y", "c_x", "c_y"]
    assert np.array_equal(image_of(merged, merged.records[4]), image_of(sources[2], sources[2].records[0]))


def test_the_very_same_picture_with_the_same_labels_is_kept_once(tmp_path: Path) -> None:
    dataset = made(tmp_path / "a", "xy")
    assert merge([dataset, dataset], tmp_path / "out").records == dataset.records


def test_the_same_picture_with_other_labels_is_kept_with_both(tmp_path: Path) -> None:
    dataset = made(tmp_path / "a", "x")
    merge([dataset], tmp_path / "b")
    with Writer(tmp_path / "b") as writer:
        writer.amend(replace(writer.records["x"], tags=(Tag("loud"),)))
    merged = merge([dataset, Dataset.open(tmp_path / "b")], tmp_path / "out")
    assert [(one.id, one.tags) for one in merged.records] == [("x", (Tag("noise"),)), ("b_x", (Tag("loud"),))]


def test_splits_are_kept_when_all_have_one(tmp_path: Path) -> None:
    sources = [made(tmp_path / name, "xyz", seed=seed) for seed, name in enumerate("ab")]
    assert merge(sources, tmp_path / "without").split is None
    save_split(sources[0].folder, Split({TRAIN: ("x",), VALIDATION: ("y",), TEST: ("z",)}, {"seed": 1}))
    assert merge([Dataset.open(one.folder) for one in sources], tmp_path / "half").split is None
    save_split(sources[1].folder, Split({TRAIN: ("z",), VALIDATION: ("y",), TEST: ("x",)}, {"seed": 2}))
    merged = merge([Dataset.open(one.folder) for one in sources], tmp_path / "both").split
    assert merged is not None
    assert merged.parts == {TRAIN: ("x", "b_z"), VALIDATION: ("y", "b_y"), TEST: ("z", "b_x")}


def test_what_a_format_said_of_the_whole_is_kept(tmp_path: Path) -> None:
    sources = [made(tmp_path / name, "x", seed=seed) for seed, name in enumerate("ab")]
    for source in sources:
        add_about(source.folder, "coco", {"licenses": [source.folder.name]})
    merge(sources, tmp_path / "out")
    assert read_about(tmp_path / "out", "coco") == {"licenses": ["a", "b"]}


@pytest.mark.parametrize("there", [False, True], ids=["new", "empty"])
@pytest.mark.parametrize("end", [KeyboardInterrupt, OSError], ids=["ctrl-c", "full disk"])
def test_a_merge_that_ends_early_leaves_nothing(tmp_path: Path, there: bool, end: type[BaseException]) -> None:
    source = made(tmp_path / "a", "xyz")
    if there:
        (tmp_path / "out").mkdir()

    def stop(done: int, total: int) -> None:
        assert any((tmp_path / "out").rglob("x.png")), "some of it is written"
        raise end(errno.ENOSPC, "No space left on device")

    with pytest.raises(KeyboardInterrupt if end is KeyboardInterrupt else StorageError):
        merge([source], tmp_path / "out", stop)
    assert (tmp_path / "out").exists() == there and not any(tmp_path.glob("out/*"))
    assert len(merge([source], tmp_path / "out").records) == 3


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not empty, expected a new folder"):
        merge([made(tmp_path / "a", "x")], tmp_path)
