"""Folders of classes come in and go out as they were."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torchvision

from deep_perception.data.dataset import TEST, TRAIN, VALIDATION, Dataset
from deep_perception.data.formats import export
from deep_perception.data.record import Tag
from deep_perception.errors import InputError


@pytest.fixture
def split(source: Path, picture: Callable[..., Path]) -> Path:
    """Two classes in three parts, under names that repeat, a picture of no class, and a class of no picture."""
    for name in ("train/cat/1.jpg", "train/dog/1.jpg", "train/dog/1.png", "valid/cat/old/1.jpg", "test/2.PNG"):
        picture(source / name)
    (source / "test" / "bird").mkdir()
    return source


def test_classes_become_tags_and_parts_a_split(split, bring_in) -> None:
    dataset = bring_in("folders", split)
    assert dataset.labels["tags"] == ("bird", "cat", "dog")
    assert {record.id: record.tags and record.tags[0].name for record in dataset.records} == {
        "2": None,
        "cat__1": "cat",
        "dog__1": "dog",
        "dog__1_2": "dog",
        "cat__old__1": "cat",
    }
    assert dataset.split.parts == {TEST: ("2",), TRAIN: ("cat__1", "dog__1", "dog__1_2"), VALIDATION: ("cat__old__1",)}


def test_pictures_come_back_in_their_folders_under_their_names(split, there_and_back, files_of) -> None:
    before = {name.replace("valid/", "val/"): content for name, content in files_of(split).items()}
    out = there_and_back("folders", split)
    assert files_of(out) == before
    assert (out / "test" / "bird").is_dir()


def test_folders_without_parts_come_back_without(source, picture, there_and_back, files_of) -> None:
    for name in ("cat/1.jpg", "train/1.jpg", "loose.png"):  # a train is a class here, since a cat is no part
        picture(source / name)
    assert files_of(there_and_back("folders", source)) == files_of(source)


def test_torchvision_reads_what_is_written(split, bring_in, tmp_path) -> None:
    export("folders", bring_in("folders", split), tmp_path / "out")
    folder = torchvision.datasets.ImageFolder(tmp_path / "out" / "train", allow_empty=True)
    assert (folder.classes, folder.targets) == (["bird", "cat", "dog"], [1, 2, 2])


def test_hidden_folders_are_no_classes(source, picture, bring_in) -> None:
    for name in ("cat/1.jpg", ".cache/1.jpg", "cat/.thumbs/1.jpg"):
        picture(source / name)
    dataset = bring_in("folders", source)
    assert (dataset.labels["tags"], len(dataset.records)) == (("cat",), 1)


def test_only_the_best_of_several_tags_is_held_and_that_is_said(split, bring_in, tmp_path, caplog) -> None:
    dataset = bring_in("folders", split)
    tags = (Tag("cat", 0.4, "model"), Tag("dog", 0.6, "model"))
    dataset = Dataset(dataset.folder, (replace(dataset.records[0], tags=tags),), dataset.labels)
    export("folders", dataset, tmp_path / "out")
    assert [file.parent.name for file in (tmp_path / "out").rglob("*.PNG")] == ["dog"]
    for words in ("tags beside the best", "scores", "who said it"):
        assert words in caplog.text


@pytest.mark.parametrize("name", ["../outside", "a/b", ".hidden", ".."])
def test_a_class_that_is_no_folder_name_writes_nothing_outside(split, bring_in, tmp_path, name: str) -> None:
    dataset = bring_in("folders", split)
    records = (replace(dataset.records[0], tags=(Tag(name),)),)
    with pytest.raises(InputError, match="cannot be the name of a folder"):
        export("folders", Dataset(dataset.folder, records, {"tags": (name,)}), tmp_path / "out")
    assert not (tmp_path / "outside").exists()


def test_a_folder_without_pictures_is_named(source, complaint) -> None:
    assert "got no picture" in complaint("folders", source)


def test_a_picture_that_is_none_is_named(split, complaint) -> None:
    (split / "train" / "cat" / "1.jpg").write_bytes(b"no picture")
    assert "1.jpg is no picture" in complaint("folders", split)


def test_a_link_out_of_the_folder_is_refused(split, complaint, picture) -> None:
    (split / "train" / "cat" / "3.png").symlink_to(picture(split.parent / "outside.png"))
    assert "a link that leaves" in complaint("folders", split)
