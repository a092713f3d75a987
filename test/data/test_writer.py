"""What a Writer promises about the disk, whatever happens to the program, the disk or the power."""

import errno
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from deep_perception.data.dataset import BACKGROUND, Dataset
from deep_perception.data.record import Record, Tag, Thing
from deep_perception.data.targets import image_of, read_numbers
from deep_perception.data.writer import Writer
from deep_perception.errors import InputError, StorageError

IMAGE = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
KILLS = 110


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data set of two pictures."""
    with Writer(tmp_path / "set") as writer:
        add(writer, "a")
        add(writer, "b")
    return tmp_path / "set"


def add(writer: Writer, name: str) -> Record:
    record = Record(name, ".png", 0, 0, tags=(Tag(f"tag of {name}"),), things=(Thing("cup", (1, 1, 5, 5)),))
    mask = np.zeros(IMAGE.shape[:2], np.uint8)
    return writer.add(record, IMAGE, pixels=mask, depth=mask.astype(np.uint16))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the lock, which stays."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != ".lock")
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_what_was_added_is_read_again(tmp_path: Path) -> None:
    with Writer(tmp_path / "new" / "set") as writer:
        kept = add(writer, "a")
        assert writer.records == {"a": kept}
    dataset = Dataset.open(tmp_path / "new" / "set")
    assert dataset.records == (kept,)
    assert (kept.image, kept.pixels, kept.depth) == ("images/a.png", "masks/a.png", "depth/a.png")
    assert (kept.width, kept.height) == (8, 6)
    assert np.array_equal(image_of(dataset, kept), IMAGE)
    assert dataset.labels == {"tags": ("tag of a",), "things": (BACKGROUND, "cup")}


def test_whatever_a_record_can_say_is_read_again(tmp_path: Path) -> None:
    things = (
        Thing("\u2028 ü/\n", (0.125, 1, 5, 5.5), 0.0, "model", [[1.5, 1, 5, 1, 5, 5]], True, {"pose": "left"}),
        Thing("b", (0, 0, 1, 1), mask={"size": [6, 8], "counts": "T1`0"}),
    )
    said = Record(
        "é 1", ".png", 0, 0, 2**62, "drive", "left", "lens", (), things, things_source="model", reasons=("new",),
        intrinsics=(1.5, 0, 2, 0, 1.5, 2, 0, 0, 1), more={"file_name": "x/é.png"},
    )  # fmt: skip
    with Writer(tmp_path / "set") as writer:
        kept = writer.add(said, IMAGE)
        silent = writer.add(Record("silent", "", 0, 0), IMAGE)
    assert Dataset.open(tmp_path / "set").records == (kept, silent)
    assert replace(kept, image=".png", width=0, height=0) == said
    assert (silent.tags, silent.things) == (None, None)


def test_what_json_cannot_say_is_refused_before_anything_is_written(folder: Path) -> None:
    before = contents(folder)
    with Writer(folder) as writer, pytest.raises(ValueError, match="not JSON compliant"):
        writer.add(Record("c", "", 0, 0, tags=(Tag("new", float("nan")),)), IMAGE)
    assert contents(folder) == before


def test_files_are_kept_as_they_are(tmp_path: Path) -> None:
    photo = tmp_path / "photo.JPG"
    PIL.Image.fromarray(IMAGE).save(photo)
    with Writer(tmp_path / "set") as writer:
        from_file = writer.add(Record("file", "", 0, 0), photo)
        from_bytes = writer.add(Record("bytes", "", 0, 0), photo.read_bytes())
    assert (from_file.image, from_bytes.image) == ("images/file.jpg", "images/bytes.jpeg")
    for record in (from_file, from_bytes):
        assert (tmp_path / "set" / record.image).read_bytes() == photo.read_bytes()


def test_a_photo_taken_sideways_has_the_size_it_is_read_with(tmp_path: Path) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    PIL.Image.fromarray(IMAGE).save(tmp_path / "photo.jpg", exif=exif)
    with Writer(tmp_path / "set") as writer:
        record = writer.add(Record("a", "", 0, 0), tmp_path / "photo.jpg")
    assert image_of(Dataset.open(tmp_path / "set"), record).shape[:2] == (record.height, record.width) == (8, 6)


@pytest.mark.parametrize("broken", [b"", b"no picture", Path("missing.png")])
def test_what_is_no_picture_is_refused(folder: Path, broken: bytes | Path) -> None:
    before = contents(folder)
    with Writer(folder) as writer, pytest.raises(InputError, match="read"):
        writer.add(Record("c", "", 0, 0), broken)
    assert contents(folder) == before


@pytest.mark.parametrize("name", ["", ".hidden", "up/and/away", "x" * 200, "a"])
def test_an_id_that_is_taken_or_fits_no_file_is_refused(folder: Path, name: str) -> None:
    before = contents(folder)
    with Writer(folder) as writer, pytest.raises(InputError, match="expected"):
        add(writer, name)
    assert contents(folder) == before


def test_a_mask_of_another_size_is_refused(folder: Path) -> None:
    with Writer(folder) as writer, pytest.raises(InputError, match=r"its mask is \(3, 3\), expected"):
        writer.add(Record("c", "", 0, 0), IMAGE, pixels=np.zeros((3, 3), np.uint8))


def test_an_amended_record_counts_from_then_on_and_the_old_line_stays(folder: Path) -> None:
    with Writer(folder) as writer:
        before = (folder / "manifest.jsonl").read_bytes()
        writer.amend(Record("a", "images/a.png", 8, 6, tags=(Tag("new"),)))
    assert (folder / "manifest.jsonl").read_bytes().startswith(before)
    first, second = Dataset.open(folder).records
    assert (first.id, first.tags, second.id) == ("a", (Tag("new"),), "b")
    assert "new" in Dataset.open(folder).labels["tags"]


def test_names_are_only_ever_added(folder: Path) -> None:
    with Writer(folder) as writer:
        writer.add_names("things", ["zebra", "cup", "ant"])
        writer.add_names("pixels", ["floor"])
    labels = Dataset.open(folder).labels
    assert labels["things"] == (BACKGROUND, "cup", "zebra", "ant")
    assert labels["pixels"] == (BACKGROUND, "floor")


def test_the_bytes_counted_are_the_bytes_on_disk(folder: Path) -> None:
    with Writer(folder) as writer:
        add(writer, "c")
        writer.amend(Record("a", "images/a.png", 8, 6, tags=(Tag("new"),)))
        assert writer.bytes_written == sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_a_second_writer_is_told_who_the_first_is(folder: Path) -> None:
    with Writer(folder), pytest.raises(StorageError, match=rf"process {os.getpid()}\. Stop that"):
        Writer(folder)
    Writer(folder).close()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "mine.png").write_bytes(b"x")
    with pytest.raises(InputError, match=r"holds 'images' and no manifest.jsonl"):
        Writer(tmp_path)
    assert list(contents(tmp_path)) == ["images/mine.png"]


@pytest.mark.parametrize("torn", [b'{"id":"c","ima', b"\0" * 40, b"\0" * 40 + b"\n", b"\n\xff{"])
def test_a_torn_last_line_is_cut(folder: Path, torn: bytes) -> None:
    whole = (folder / "manifest.jsonl").read_bytes()
    (folder / "manifest.jsonl").write_bytes(whole + torn)
    assert [record.id for record in Dataset.open(folder).records] == ["a", "b"]
    with Writer(folder) as writer:
        assert "cut a torn line" in writer.repaired[0]
        add(writer, "c")
    assert (folder / "manifest.jsonl").read_bytes().startswith(whole.rstrip())
    assert [record.id for record in Dataset.open(folder).records] == ["a", "b", "c"]


def test_a_last_line_that_an_editor_did_not_end_is_kept(folder: Path) -> None:
    manifest = folder / "manifest.jsonl"
    manifest.write_bytes(manifest.read_bytes().rstrip())
    with Writer(folder) as writer:
        add(writer, "c")
    assert [record.id for record in Dataset.open(folder).records] == ["a", "b", "c"]


def test_a_damaged_line_in_the_middle_is_refused_with_the_remedy(folder: Path) -> None:
    manifest = folder / "manifest.jsonl"
    manifest.write_bytes(b"{damaged}\n" + manifest.read_bytes())
    before = contents(folder)
    for attempt in (Writer, Dataset.open):
        with pytest.raises(InputError, match=r"line 1: not a record .* deep_perception dataset verify --repair"):
            attempt(folder)
    assert contents(folder) == before


def test_unfinished_files_are_removed_and_pictures_without_a_line_moved_aside(folder: Path) -> None:
    before = contents(folder)
    for left in ("images/.c.png.1-ab.part", "masks/.c.png.1-ab.part", ".labels.json.1-ab.part", "images/c.png"):
        (folder / left).write_bytes(b"left")
    (folder / "mine.txt").write_bytes(b"stays")
    with Writer(folder) as writer:
        assert len(writer.repaired) == 4
    assert contents(folder) == {**before, "mine.txt": b"stays", "rejected/images/c.png": b"left"}


def test_space_that_is_to_stay_free_stays_free(folder: Path) -> None:
    before = contents(folder)
    with (
        Writer(folder, leave_free_bytes=shutil.disk_usage(folder).total) as writer,
        pytest.raises(StorageError, match=r"MB are to stay free\. Free some space"),
    ):
        add(writer, "c")
    assert contents(folder) == before


CALLS = ((os, "write"), (os, "fsync"), (os, "replace"), (os, "open"), (Path, "touch"), (Path, "write_bytes"))


@pytest.mark.parametrize(("owner", "call"), CALLS, ids=lambda value: str(getattr(value, "__name__", value)))
def test_a_disk_that_fills_up_at_any_call_leaves_what_was_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, owner: object, call: str
) -> None:
    survived = 0
    for number in range(100):
        with Writer(folder) as writer:
            before = contents(folder)
            with monkeypatch.context() as patch:
                failed = fill_up(patch, owner, call, number)
                added = tried(writer, f"{call} {number}")
            if not failed:
                survived = number
                break
            assert not added
            after = contents(folder)
            after["labels.json"] = before["labels.json"]  # a name that nothing bears yet does no harm
            assert after == before
            add(writer, f"{call} {number}")  # once there is space again
        assert list(Dataset.open(folder).records)[-1].id == f"{call} {number}"
    assert survived >= 1


def fill_up(patch: pytest.MonkeyPatch, owner: object, call: str, works: int) -> list[int]:
    """Have a call find the disk full once, after it worked so many times; return a list that is filled when it did."""
    real: Callable[..., object] = getattr(owner, call)
    numbers, failed = itertools.count(), []

    def limited(*arguments: object, **named: object) -> object:
        number = next(numbers)
        if number == works:
            failed.append(number)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments, **named)

    patch.setattr(owner, call, limited)
    return failed


def tried(writer: Writer, name: str) -> bool:
    try:
        add(writer, name)
    except StorageError as err:
        assert "No space left on device. Free some space" in str(err)
        return False
    return True


def test_half_a_line_on_a_full_disk_is_taken_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.write
    with Writer(folder) as writer:
        before = contents(folder)
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", lambda file, data: whole(file, data[: len(data) // 2]))
            assert not tried(writer, "c")
        after = contents(folder)
        after["labels.json"] = before["labels.json"]
        assert after == before
        add(writer, "c")
    assert len(Dataset.open(folder).records) == 3


def test_what_could_not_be_taken_back_is_taken_back_later(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.write
    with Writer(folder) as writer:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", lambda file, data: whole(file, data[: len(data) // 2]))
            fill_up(patch, os, "ftruncate", 0)
            assert not tried(writer, "c")
        add(writer, "c")
    assert [record.id for record in Dataset.open(folder).records] == ["a", "b", "c"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 100 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here ({mounted.stderr.decode().strip()})")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_really_full_stops_the_writer_with_nothing_corrupt(small_disk: Path) -> None:
    noise = np.random.default_rng(0)
    with Writer(small_disk / "set") as writer:
        for number in range(1000):
            image = noise.integers(0, 256, (20, 30, 3), np.uint8)
            try:
                writer.add(Record(f"{number}", "", 0, 0, tags=(Tag("noise"),)), image)
            except StorageError as err:
                assert "No space left on device. Free some space" in str(err)
                break
    assert 0 < number < 1000
    dataset = Dataset.open(small_disk / "set")
    assert len(dataset.records) == number == len(list((small_disk / "set" / "images").iterdir()))
    for record in dataset.records:
        assert image_of(dataset, record).shape == (20, 30, 3)
    (small_disk / "set" / dataset.records[0].image).unlink()
    with Writer(small_disk / "set") as writer:  # goes on where there is space
        assert writer.repaired == ()
        writer.add(Record("more", "", 0, 0), noise.integers(0, 256, (10, 10, 3), np.uint8))


def test_killed_at_any_moment_it_loses_no_picture_that_it_said_was_kept(tmp_path: Path) -> None:
    folder, moments = tmp_path / "set", random.Random(0)
    script = [sys.executable, str(Path(__file__).with_name("writers_to_kill.py")), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    kept: list[str] = []
    mended, took = 0, 0.005
    with subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as writers:
        for _ in range(KILLS):
            more, took = killed(writers, moments.randrange(3), moments.uniform(0, 1.5), took)
            kept += more
            with Writer(folder) as writer:
                assert set(kept) <= set(writer.records)
                assert len(writer.records) <= len(kept) + KILLS
                mended += bool(writer.repaired)
                for record in list(writer.records.values())[-10:]:
                    check_whole(folder, record)
        assert writers.stdin is not None
        writers.stdin.close()
    dataset = Dataset.open(folder)
    assert len(kept) >= KILLS  # it did write between the kills
    assert mended > KILLS // 20  # and was killed in the midst of it
    assert len(list((folder / "images").iterdir())) == len(list((folder / "masks").iterdir())) == len(dataset.records)
    for record in dataset.records:
        check_whole(folder, record)


def killed(writers: subprocess.Popen[str], pictures: int, more: float, took: float) -> tuple[list[str], float]:
    """Start a writer and kill it after so many pictures, and parts of one, which takes about `took` seconds.

    Return what it had said was kept, and how long the last picture took.
    """
    assert writers.stdin is not None and writers.stdout is not None
    writers.stdin.write("go\n")
    writers.stdin.flush()
    kept: list[str] = []
    pid, last, alive = 0, time.monotonic(), True
    for line in writers.stdout:
        word, _, said = line.strip().partition(" ")
        if word == "gone":
            return kept, took
        if word == "pid":
            pid = int(said)
        else:
            kept.append(said)
            took, last = (time.monotonic() - last, time.monotonic()) if alive else (took, last)
        if pid and alive and len(kept) >= pictures:
            time.sleep(more * took)
            os.kill(pid, signal.SIGKILL)
            alive = False
    raise AssertionError("the writers ended by themselves")


def check_whole(folder: Path, record: Record) -> None:
    value = int(record.id) % 256
    image = cv2.imread(str(folder / record.image))
    assert image is not None and (image == value).all()
    assert record.pixels is not None and (read_numbers(folder / record.pixels) == value).all()
    names = json.loads((folder / "labels.json").read_text())["labels"]["things"]
    assert record.things is not None and record.things[0].name in names
