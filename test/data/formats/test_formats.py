"""What holds for every format: what comes in comes in once, and what goes out goes where it should."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import PIL.Image
import pytest

from deep_perception.data.dataset import Dataset
from deep_perception.data.formats import FORMATS, export, import_into
from deep_perception.data.record import Record, Tag, Thing
from deep_perception.data.writer import Writer
from deep_perception.errors import InputError, StorageError

Bring = Callable[..., Dataset]


@pytest.fixture
def dataset(tmp_path: Path, picture: Callable[..., Path]) -> Dataset:
    """One picture, of which everything is said that every format holds some of."""
    things = (Thing("mug", (1, 1, 4, 4)),)
    with Writer(tmp_path / "dataset", durable=False) as writer:
        writer.add(Record("a", "", 0, 0, tags=(Tag("7"),), things=things), picture(tmp_path / "a.png"))
    return Dataset.open(tmp_path / "dataset")


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_written_can_be_read(format: str, dataset: Dataset, tmp_path: Path, bring_in: Bring) -> None:
    calls = []
    export(format, dataset, tmp_path / "out", lambda done, total: calls.append((done, total)))
    assert calls == [(1, 1)]
    (record,) = bring_in(format, tmp_path / "out", "again").records
    assert (record.width, record.height) == (8, 6)
    assert bool(record.things) == ("boxes" in FORMATS[format].holds)
    assert bool(record.tags) == ("tags" in FORMATS[format].holds)


@pytest.mark.parametrize("format", FORMATS)
def test_importing_again_adds_nothing(format: str, dataset: Dataset, tmp_path: Path) -> None:
    export(format, dataset, tmp_path / "out")
    with Writer(tmp_path / "again", durable=False) as writer:
        assert import_into(format, tmp_path / "out", writer) == 1
        before = dict(writer.records)
        assert import_into(format, tmp_path / "out", writer) == 0
        assert writer.records == before


@pytest.mark.parametrize("format", FORMATS)
def test_a_folder_that_is_not_empty_is_left_alone(format: str, dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").touch()
    with pytest.raises(InputError, match="is not empty, expected a new folder"):
        export(format, dataset, tmp_path / "out")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["precious"]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ["../../outside.png", "/tmp/outside.png", "..", "a/../../../outside.png"])
def test_a_data_set_that_names_its_pictures_badly_writes_nothing_outside(
    format: str, name: str, dataset: Dataset, tmp_path: Path, files_of
) -> None:
    before = set(files_of(tmp_path))
    record = replace(dataset.records[0], more={"file_name": name})
    export(format, replace(dataset, records=(record,)), tmp_path / "a" / "b" / "out")
    new = set(files_of(tmp_path)) - before
    assert new and all(file.startswith("a/b/out/") for file in new)


@pytest.mark.parametrize("format", FORMATS)
def test_a_picture_outside_its_data_set_is_not_copied(format: str, dataset: Dataset, tmp_path: Path) -> None:
    for image in ("../a.png", str(tmp_path / "a.png")):
        record = replace(dataset.records[0], image=image)
        with pytest.raises(InputError, match="expected one within"):
            export(format, replace(dataset, records=(record,)), tmp_path / image.replace("/", "_"))


@pytest.mark.parametrize("format", FORMATS)
def test_a_picture_that_is_gone_is_named(format: str, dataset: Dataset, tmp_path: Path) -> None:
    (dataset.folder / dataset.records[0].image).unlink()
    with pytest.raises(InputError, match=r"a: the picture .* does not exist"):
        export(format, dataset, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_that_is_stopped_leaves_nothing(format: str, dataset: Dataset, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    (tmp_path / "out").mkdir()
    with pytest.raises(KeyboardInterrupt):
        export(format, dataset, tmp_path / "out", stop)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("format", FORMATS)
def test_a_source_that_is_not_there_is_named(format: str, complaint, tmp_path: Path) -> None:
    assert "nowhere does not exist" in complaint(format, tmp_path / "nowhere")


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_in_place_of_a_folder_is_refused(format: str, complaint, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"\0\1\xff")
    assert str(tmp_path / "photo.png") in complaint(format, tmp_path / "photo.png")


def test_an_unknown_format_is_named_with_its_nearest(complaint, tmp_path: Path) -> None:
    assert complaint("yolov8", tmp_path) == "unknown format 'yolov8'. Nearest: yolo"


def test_two_pictures_of_one_name_are_both_kept(source: Path, picture, bring_in: Bring) -> None:
    for width in (8, 9):
        picture(source / "cat" / "1.png", width)
        dataset = bring_in("folders", source)
    assert {record.id: record.width for record in dataset.records} == {"cat__1": 8, "cat__1_2": 9}


def test_pictures_of_one_name_that_differ_by_a_pixel_are_both_kept(source: Path, picture, bring_in: Bring) -> None:
    for _ in range(2):
        picture(source / "cat" / "1.png")
        dataset = bring_in("folders", source)
    assert len(dataset.records) == 2


def test_a_picture_that_was_lost_since_is_brought_in_again(source: Path, picture, bring_in: Bring) -> None:
    picture(source / "cat" / "1.png")
    dataset = bring_in("folders", source)
    (dataset.folder / dataset.records[0].image).unlink()
    assert [record.id for record in bring_in("folders", source).records] == ["cat__1", "cat__1_2"]


def test_parts_that_come_later_join_those_that_are_there(source: Path, picture, bring_in: Bring) -> None:
    picture(source / "train" / "cat" / "1.png")
    bring_in("folders", source)
    picture(source / "train" / "cat" / "2.png")
    picture(source / "val" / "cat" / "3.png")
    split = bring_in("folders", source).split
    assert split.parts == {"train": ("cat__1", "cat__2"), "validation": ("cat__3",)}
    assert split.how == {"from": "folders"}


def test_what_is_damaged_in_the_last_file_is_found_before_the_first_is_written(
    source: Path, picture, complaint
) -> None:
    for number in range(5):
        picture(source / "cat" / f"{number}.png")
    (source / "cat" / "9.png").write_bytes(b"no picture")
    assert "9.png is no picture" in complaint("folders", source)


def test_the_import_counts_what_it_looked_at_and_what_it_copied(source: Path, picture, tmp_path: Path) -> None:
    for number in range(2):
        picture(source / "cat" / f"{number}.png")
    calls: list[tuple[int, int]] = []
    with Writer(tmp_path / "dataset", durable=False) as writer:
        import_into("folders", source, writer, lambda done, total: calls.append((done, total)))
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_format_for_something_else_is_refused_before_anything_is_written(dataset: Dataset, tmp_path: Path) -> None:
    record = replace(dataset.records[0], tags=None)
    with pytest.raises(InputError, match="says boxes, but mnist is for tags. Choose another format"):
        export("mnist", replace(dataset, records=(record,)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_lost_is_said_once_with_how_many_pictures_lose_it(
    dataset: Dataset, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    thing = replace(dataset.records[0].things[0], source="model", score=0.5)
    record = replace(dataset.records[0], things=(thing,), stamp_ns=5)
    unseen = replace(record, id="b", things=None)
    export("yolo", replace(dataset, records=(record, unseen)), tmp_path / "out")
    (said,) = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    for words in ("tags (2", "scores (1", "who said it (1", "times (2", "which are left out (1"):
        assert f"{words} pictures)" in said


def test_things_that_do_not_count_do_not_begin_to(dataset: Dataset, tmp_path: Path, bring_in: Bring) -> None:
    crowd = replace(dataset.records[0].things[0], ignored=True)
    record = replace(dataset.records[0], things=(*dataset.records[0].things, crowd))
    export("yolo", replace(dataset, records=(record,)), tmp_path / "out")
    assert len(bring_in("yolo", tmp_path / "out", "again").records[0].things) == 1


def test_a_place_that_may_not_be_written_is_named(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write to"):
        export("coco", dataset, tmp_path / "file" / "out")


def test_numbers_that_no_manifest_can_hold_are_named(source: Path, picture, complaint) -> None:
    picture(source / "a.png")
    image = {"id": 1, "file_name": "a.png", "exposure": float("nan")}
    (source / "instances.json").write_text(json.dumps({"images": [image], "annotations": [], "categories": []}))
    assert "a: what is said of it cannot be kept" in complaint("coco", source)


def test_a_picture_taken_with_a_turned_camera_has_the_size_that_is_shown(source: Path, bring_in: Bring) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    (source / "cat").mkdir()
    PIL.Image.new("RGB", (8, 6)).save(source / "cat" / "1.jpg", exif=exif)
    record = bring_in("folders", source).records[0]
    assert (record.width, record.height) == (6, 8)
