import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from deep_perception.config import AUGMENTATIONS
from deep_perception.data import examples as module
from deep_perception.data.augment import Augmentation
from deep_perception.data.dataset import Dataset
from deep_perception.data.examples import Example, Examples, batches, number_of_batches
from deep_perception.data.record import Record, Tag, Thing
from deep_perception.errors import ConfigError, InputError
from deep_perception.predictions import Classes, Detections, Instances, LabelMap, Picture

COUNT = 11
NAMES = {"tags": ("cat", "dog"), "things": ("__background__", "mug"), "pixels": ("__background__", "floor")}
POLYGON = [[4.0, 4.0, 20.0, 4.0, 20.0, 16.0, 4.0, 16.0]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data set of eleven small pictures, labelled for every task."""
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    lines = []
    for number in range(COUNT):
        image = np.random.default_rng(number).integers(0, 256, (24, 32 + number, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f"images/{number}.png"), image[..., ::-1])
        cv2.imwrite(str(tmp_path / f"masks/{number}.png"), np.where(image[..., 0] > 128, 1, 255).astype(np.uint8))
        things = (
            Thing("mug", (4.0, 4.0, 20.0, 16.0), mask=POLYGON),
            Thing("mug", (22.0, 2.0, 30.0, 9.0), mask=POLYGON, ignored=True),
        )
        record = Record(
            f"picture{number}",
            f"images/{number}.png",
            32 + number,
            24,
            tags=(Tag("dog"),),
            things=things,
            pixels=f"masks/{number}.png",
        )
        lines.append(json.dumps(record.to_json()) + "\n")
    (tmp_path / "manifest.jsonl").write_text("".join(lines))
    (tmp_path / "labels.json").write_text(json.dumps({"format": 1, "labels": NAMES}))
    return tmp_path


def made(folder: Path, task: str = "detection", *, augmented: bool = False, seed: int = 0, scale: int = 1) -> Examples:
    dataset = Dataset.open(folder)
    names = {"classification": "tags", "semantic_segmentation": "pixels"}.get(task, "things")
    augmentation = Augmentation(AUGMENTATIONS, task) if augmented else None
    return Examples(dataset, dataset.records, task, NAMES[names], augmentation=augmentation, seed=seed, scale=scale)


def ids(found: list[list[Example]]) -> list[list[str]]:
    return [[one.id for one in batch] for batch in found]


def same(one: Example, other: Example) -> bool:
    pairs = [(value, vars(other.target)[name]) for name, value in vars(one.target).items()]
    return one.id == other.id and all(np.array_equal(*pair) for pair in [(one.image, other.image), *pairs])


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        ("classification", Classes),
        ("detection", Detections),
        ("proposals", Detections),
        ("instance_segmentation", Instances),
        ("semantic_segmentation", LabelMap),
        ("colorization", Picture),
    ],
)
def test_an_example_is_a_picture_and_the_truth_of_its_task(folder: Path, task: str, kind: type) -> None:
    example = made(folder, task)[2]
    assert example.id == "picture2" and example.image.shape == (24, 34, 3)
    assert type(example.target) is kind
    changed = made(folder, task, augmented=True)[2]
    assert type(changed.target) is kind and changed.ignored is None


def test_things_that_do_not_count_are_kept_apart(folder: Path) -> None:
    for task, kind in (("detection", Detections), ("instance_segmentation", Instances)):
        example = made(folder, task)[0]
        assert isinstance(example.target, Detections) and len(example.target) == 1
        assert type(example.ignored) is kind and example.ignored.boxes.tolist() == [[22, 2, 30, 9]]


@pytest.mark.parametrize("augmented", [False, True])
def test_an_upscaler_learns_from_a_picture_and_the_same_made_smaller(folder: Path, augmented: bool) -> None:
    example = made(folder, "super_resolution", scale=3, augmented=augmented)[5]
    assert isinstance(example.target, Picture)
    assert example.image.shape == (8, 12, 3) and example.target.image.shape == (24, 36, 3)
    blocks = example.target.image.reshape(8, 3, 12, 3, 3).mean((1, 3))
    assert np.abs(blocks - example.image).mean() < 25


def test_a_picture_too_small_to_be_shrunk_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match="picture0: 32x24 pixels cannot be made 25 times smaller"):
        made(folder, "super_resolution", scale=25)[0]


def test_every_picture_comes_once_an_epoch_in_an_order_of_its_own(folder: Path) -> None:
    examples = made(folder)
    orders = []
    for examples.epoch in range(3):
        found = ids(list(batches(examples, 4, shuffle=True, workers=0)))
        assert sorted(chain(*found)) == sorted(f"picture{number}" for number in range(COUNT))
        orders.append(found)
    assert orders[0] != orders[1] != orders[2]
    examples.epoch = 1
    assert ids(list(batches(examples, 4, shuffle=True, workers=0))) == orders[1]


def test_without_shuffling_the_order_is_that_of_the_records(folder: Path) -> None:
    found = chain(*batches(made(folder), 4, shuffle=False, workers=0))
    assert [one.id for one in found] == [f"picture{number}" for number in range(COUNT)]


def test_no_batch_is_left_with_a_single_picture(folder: Path) -> None:
    for size in range(2, COUNT + 3):
        found = ids(list(batches(made(folder), size, shuffle=True, workers=0)))
        lengths = [len(batch) for batch in found]
        assert max(lengths) <= size and min(lengths) > 1 and max(lengths) - min(lengths) <= 1
        assert len(set(chain(*found))) == COUNT and len(found) == number_of_batches(COUNT, size)


@pytest.mark.parametrize("task", ["instance_segmentation", "semantic_segmentation", "super_resolution"])
def test_the_number_of_workers_changes_nothing(folder: Path, task: str) -> None:
    found = []
    for workers in (0, 1, 2):
        examples = made(folder, task, augmented=True, seed=3, scale=2 if task == "super_resolution" else 1)
        found.append([])
        for examples.epoch in (0, 1):
            found[-1].extend(chain(*batches(examples, 4, shuffle=True, workers=workers)))
    assert len(found[0]) == 2 * COUNT
    for one, other, third in zip(*found, strict=True):
        assert same(one, other) and same(one, third)


def test_another_seed_or_epoch_gives_other_pictures(folder: Path) -> None:
    first, second = made(folder, augmented=True, seed=1), made(folder, augmented=True, seed=2)
    assert not same(first[0], second[0])
    second = made(folder, augmented=True, seed=1)
    assert same(first[0], second[0])
    second.epoch = 1
    assert not same(first[0], second[0])


def test_workers_draw_nothing_from_the_generators_of_the_training(folder: Path) -> None:
    before = torch.get_rng_state()
    list(batches(made(folder), 4, shuffle=True, workers=1))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_resumed_epoch_goes_on_where_it_stopped_and_reads_nothing_again(folder: Path, workers: int) -> None:
    whole = ids(list(batches(made(folder), 3, shuffle=True, workers=0)))
    for name in chain(*whole[:2]):
        (folder / f"images/{name.removeprefix('picture')}.png").unlink()
    assert ids(list(batches(made(folder), 3, shuffle=True, workers=workers, skip=2))) == whole[2:]


@pytest.mark.parametrize("world", [2, 3, 4])
def test_several_processes_share_the_pictures_and_make_equal_numbers_of_steps(folder: Path, world: int) -> None:
    shares = [
        ids(list(batches(made(folder), 2, shuffle=True, workers=0, rank=rank, world=world))) for rank in range(world)
    ]
    assert {len(share) for share in shares} == {number_of_batches(COUNT, 2, world)}
    assert len({tuple(len(batch) for batch in share) for share in shares}) == 1
    seen = [name for share in shares for batch in share for name in batch]
    assert len(set(seen)) == COUNT and max(Counter(seen).values()) <= 2


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_picture_is_named_and_nothing_else_is_said(folder: Path, workers: int) -> None:
    broken = folder / "images/4.png"
    broken.write_bytes(broken.read_bytes()[:200])
    with pytest.raises(InputError) as caught:
        list(batches(made(folder), 4, shuffle=False, workers=workers))
    assert str(broken) in str(caught.value) and "\n" not in str(caught.value) and "Traceback" not in str(caught.value)


def test_after_an_error_the_workers_go_on_with_the_next_pass(folder: Path) -> None:
    examples = made(folder)
    started = batches(examples, 2, shuffle=False, workers=1)
    next(started)
    examples.epoch = 1
    expected = ids(list(batches(made(folder), 2, shuffle=False, workers=0)))
    assert ids(list(batches(examples, 2, shuffle=False, workers=1))) == expected


def test_workers_end_with_the_examples_they_make(folder: Path) -> None:
    others, examples = set(multiprocessing.active_children()), made(folder)
    list(batches(examples, 2, shuffle=False, workers=2))
    workers = set(multiprocessing.active_children()) - others
    assert workers
    del examples
    assert not workers & set(multiprocessing.active_children())


def test_a_picture_of_another_size_than_the_manifest_says_is_named(folder: Path) -> None:
    cv2.imwrite(str(folder / "images/0.png"), np.zeros((9, 8, 3), np.uint8))
    with pytest.raises(InputError, match=r"images/0.png is 8x9, but the manifest says 32x24.*dataset verify"):
        made(folder)[0]


def test_a_mask_of_another_size_than_its_picture_is_named(folder: Path) -> None:
    cv2.imwrite(str(folder / "masks/0.png"), np.zeros((9, 8), np.uint8))
    with pytest.raises(InputError, match=r"masks/0.png: got 8x9 pixels, expected those of its picture, 32x24"):
        made(folder, "semantic_segmentation")[0]


def test_a_small_data_set_is_read_once(folder: Path) -> None:
    examples = made(folder)
    first = [examples[index] for index in range(COUNT)]
    for picture in (folder / "images").iterdir():
        picture.unlink()
    assert all(same(one, examples[index]) for index, one in enumerate(first))


def test_no_more_is_kept_in_memory_than_there_is_room_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_BYTES", 2 * 24 * 33 * 3 + 200)
    examples = made(folder)
    kept = examples[0], examples[1], examples[2]
    assert examples[0] is kept[0] and examples[1] is kept[1] and examples[2] is not kept[2]


def test_what_is_kept_cannot_be_changed_by_accident(folder: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        made(folder)[0].image[0] = 0


PROGRAM = """
import multiprocessing, sys, time
from deep_perception.data.dataset import Dataset
from deep_perception.data.examples import Examples, batches
if __name__ == "__main__":
    dataset = Dataset.open(sys.argv[1])
    examples = Examples(dataset, dataset.records, "detection", dataset.labels["things"])
    for batch in batches(examples, 2, shuffle=False, workers=1):
        [worker] = multiprocessing.active_children()
        print(worker.pid, flush=True)
        if sys.argv[2] == "raise":
            raise SystemExit("enough")
        time.sleep(60)
"""


def started(folder: Path, how: str) -> subprocess.Popen[str]:
    program = folder / "program.py"
    program.write_text(PROGRAM)
    root = str(Path(module.__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-W", "error", program, folder, how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
        start_new_session=True,
    )


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def assert_gone(pid: int, patience_s: float = 20) -> None:
    until = time.monotonic() + patience_s
    while is_running(pid):
        assert time.monotonic() < until, f"worker {pid} is still there"
        time.sleep(0.05)


@pytest.mark.slow
def test_when_the_training_raises_its_workers_end_quietly(folder: Path) -> None:
    process = started(folder, "raise")
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    _, said = process.communicate(timeout=60)
    assert said == "enough\n"
    assert_gone(worker)


def test_ctrl_c_leaves_the_workers_to_the_training(folder: Path) -> None:
    others, examples = set(multiprocessing.active_children()), made(folder)
    found = batches(examples, 1, shuffle=False, workers=1)
    next(found)
    [worker] = set(multiprocessing.active_children()) - others
    assert worker.pid
    os.kill(worker.pid, signal.SIGINT)
    assert len(list(found)) == COUNT - 1


@pytest.mark.slow
def test_ctrl_c_reaches_the_training_alone(folder: Path) -> None:
    process = started(folder, "wait")
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to every process
    _, said = process.communicate(timeout=60)
    assert said.count("Traceback") == 1 and said.rstrip().endswith("KeyboardInterrupt")
    assert_gone(worker)


@pytest.mark.slow
def test_workers_end_when_the_training_is_killed(folder: Path) -> None:
    process = started(folder, "wait")
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    process.kill()
    process.communicate(timeout=60)
    assert_gone(worker)


@pytest.mark.slow
def test_a_worker_that_was_killed_is_said_in_a_line(folder: Path) -> None:
    others, examples = set(multiprocessing.active_children()), made(folder)
    found = batches(examples, 1, shuffle=False, workers=1)
    next(found)
    [worker] = set(multiprocessing.active_children()) - others
    worker.kill()
    with pytest.raises(ConfigError, match="workers: .* memory ran out"):
        list(found)
