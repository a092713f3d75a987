"""MNIST comes in and goes out bit for bit, and damaged files are named."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets.mnist import read_image_file, read_label_file

from deep_perception.data.dataset import TEST, TRAIN, VALIDATION, Split
from deep_perception.data.formats import export
from deep_perception.data.formats.format import Content
from deep_perception.data.formats.mnist import read
from deep_perception.data.splits import save_split
from deep_perception.data.targets import image_of

RANDOM = np.random.default_rng(0)
TRAIN_IMAGES, TEST_IMAGES = (RANDOM.integers(0, 256, (count, 5, 4), np.uint8) for count in (6, 3))
TRAIN_LABELS, TEST_LABELS = np.array([3, 1, 4, 1, 5, 9], np.uint8), np.array([2, 6, 5], np.uint8)


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">{1 + array.ndim}I", 0x0800 | array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def digits(source: Path) -> Path:
    """All four files."""
    for name, array in (
        ("train-images-idx3", TRAIN_IMAGES),
        ("train-labels-idx1", TRAIN_LABELS),
        ("t10k-images-idx3", TEST_IMAGES),
        ("t10k-labels-idx1", TEST_LABELS),
    ):
        (source / f"{name}-ubyte.gz").write_bytes(gzip.compress(idx(array)))
    return source


def unpacked(folder: Path) -> dict[str, bytes]:
    return {file.name: gzip.decompress(file.read_bytes()) for file in folder.iterdir()}


def test_all_files_come_back_bit_for_bit(digits, there_and_back) -> None:
    assert unpacked(there_and_back("mnist", digits)) == unpacked(digits)


def test_digits_are_tags_and_pictures_gray_and_the_test_part_is_kept(digits, bring_in) -> None:
    dataset = bring_in("mnist", digits)
    assert dataset.labels["tags"] == tuple("0123456789")
    assert [record.tags[0].name for record in dataset.records] == list("314159265")
    assert {part: len(ids) for part, ids in dataset.split.parts.items()} == {TRAIN: 6, TEST: 3}
    assert np.array_equal(image_of(dataset, dataset.records[0]), np.stack([TRAIN_IMAGES[0]] * 3, axis=2))


def test_files_that_are_not_packed_and_one_part_alone_are_read(source, bring_in) -> None:
    (source / "t10k-images.idx3-ubyte").write_bytes(idx(TEST_IMAGES))
    (source / "t10k-labels.idx1-ubyte").write_bytes(idx(TEST_LABELS))
    assert set(bring_in("mnist", source).split.parts) == {TEST}


def test_torchvision_reads_what_is_written(digits, there_and_back, tmp_path) -> None:
    for name, content in unpacked(there_and_back("mnist", digits)).items():
        (tmp_path / name).write_bytes(content)
    assert np.array_equal(read_image_file(str(tmp_path / "train-images-idx3-ubyte.gz")), TRAIN_IMAGES)
    assert np.array_equal(read_label_file(str(tmp_path / "train-labels-idx1-ubyte.gz")), TRAIN_LABELS)


def test_names_colours_and_parts_that_it_cannot_hold_are_named(source, bring_in, tmp_path, picture, caplog) -> None:
    for name in ("cat/1.png", "dog/2.png", "3.png"):
        picture(source / name)
    dataset = bring_in("folders", source)
    save_split(dataset.folder, Split({VALIDATION: ("cat__1",), TRAIN: ("dog__2",)}, {}))
    export("mnist", bring_in("folders", source), tmp_path / "out")
    for words in ("names of classes", "which are left out (1 pictures)", "not for training"):
        assert words in caplog.text
    assert [record.tags[0].name for record in bring_in("mnist", tmp_path / "out", "again").records] == ["0", "1"]


def test_pictures_of_different_sizes_are_refused(source, bring_in, tmp_path, picture) -> None:
    picture(source / "cat" / "1.png")
    picture(source / "cat" / "2.png", 9)
    with pytest.raises(Exception, match="expected pictures of one size"):
        export("mnist", bring_in("folders", source), tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("train-images-idx3", gzip.compress(idx(TRAIN_IMAGES))[:-9], "is damaged"),
        ("train-images-idx3", b"no gzip", "is damaged"),
        ("train-images-idx3", gzip.compress(b"12"), "is damaged"),
        ("train-images-idx3", gzip.compress(idx(TRAIN_IMAGES)[:-1]), "holds other than the [6, 5, 4] bytes"),
        ("train-images-idx3", gzip.compress(idx(TRAIN_IMAGES) + b"1"), "holds other than the [6, 5, 4] bytes"),
        ("train-images-idx3", gzip.compress(idx(TRAIN_IMAGES.reshape(-1))[:4] + b"\0" * 12), "begins with 0x801"),
        ("train-labels-idx1", gzip.compress(idx(TRAIN_LABELS[:5])), "holds 6 pictures, but"),
    ],
)
def test_a_file_that_is_damaged_is_named(digits, complaint, name: str, content: bytes, words: str) -> None:
    path = digits / f"{name}-ubyte.gz"
    path.write_bytes(content)
    message = complaint("mnist", digits)
    assert words in message and str(path) in message


def test_pictures_without_labels_are_named(digits, complaint) -> None:
    (digits / "t10k-labels-idx1-ubyte.gz").unlink()
    assert "t10k-images-idx3-ubyte.gz is there alone" in complaint("mnist", digits)


def test_a_folder_that_is_no_mnist_is_named(source, complaint) -> None:
    assert "got no train-images-idx3-ubyte" in complaint("mnist", source)


def test_a_link_out_of_the_folder_is_refused(digits, complaint) -> None:
    path = digits / "t10k-labels-idx1-ubyte.gz"
    path.symlink_to(path.rename(digits.parent / "outside.gz"))
    assert "a link that leaves" in complaint("mnist", digits)


@pytest.mark.weights
@pytest.mark.slow
def test_the_real_digits_are_all_there(shared_data: Path) -> None:
    content: Content = read(shared_data / "mnist")
    assert content.count == 70_000
    counts = np.zeros((2, 10), int)
    for draft in content.drafts:
        counts[int(draft.part == TEST), int(draft.record.tags[0].name)] += 1
    assert counts.sum(axis=1).tolist() == [60_000, 10_000]
    assert counts[1].tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
