"""Promises of the one-file checkpoint, and of what is read besides it."""

import argparse
import json
import os
import pickle
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn
from torchvision import models as zoo

from deep_perception.errors import WeightsError
from deep_perception.models.checkpoint import Checkpoint, load, load_into, save
from deep_perception.models.files import sha256_of
from deep_perception.models.networks import lenet

LABELS = tuple("0123456789")


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def network(classes: int = 3) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, classes))


def test_a_checkpoint_says_all_about_itself(tmp_path: Path) -> None:
    state = lenet.build().state_dict()
    path = tmp_path / "digits.safetensors"
    save(path, model="lenet5", labels=LABELS, state=state, config={"crop": 28}, metrics={"top1": 0.99})
    checkpoint = load(path)
    assert (checkpoint.model, checkpoint.labels) == ("lenet5", LABELS)
    assert (checkpoint.config, checkpoint.metrics) == ({"crop": 28}, {"top1": 0.99})
    assert checkpoint.sha256 == sha256_of(path)
    assert same(checkpoint.state, state)
    assert [file.name for file in tmp_path.iterdir()] == ["digits.safetensors"]


def test_half_precision_halves_the_file_and_loads_as_32_bits(tmp_path: Path) -> None:
    state = lenet.build().state_dict() | {"count": torch.tensor(7), "large": torch.tensor([1e6])}
    save(tmp_path / "full.safetensors", model="lenet5", labels=LABELS, state=state)
    save(tmp_path / "half.safetensors", model="lenet5", labels=LABELS, state=state, half=True)
    assert (tmp_path / "half.safetensors").stat().st_size < 0.51 * (tmp_path / "full.safetensors").stat().st_size
    loaded = load(tmp_path / "half.safetensors").state
    assert {name: tensor.dtype for name, tensor in loaded.items()} == {n: t.dtype for n, t in state.items()}
    assert all(torch.allclose(loaded[name], state[name], rtol=1e-3, atol=1e-6) for name in state)
    assert loaded["large"] == 1e6, "what 16 bits cannot hold keeps 32"


def test_tensors_that_share_memory_are_saved(tmp_path: Path) -> None:
    values = torch.arange(6.0)
    save(tmp_path / "a.safetensors", model="m", labels=(), state={"all": values, "even": values[::2], "again": values})
    assert same(load(tmp_path / "a.safetensors").state, {"all": values, "even": values[::2], "again": values})


@pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict", "params", "params_ema"])
def test_state_dicts_are_found_where_training_programs_put_them(key: str, tmp_path: Path) -> None:
    state = network().state_dict()
    torch.save({"epoch": 3, key: state, "optimizer": {"lr": 0.1}}, tmp_path / "a.pth")
    assert same(load(tmp_path / "a.pth").state, dict(state))


@pytest.mark.parametrize("zipped", [True, False])
def test_bare_state_dicts_are_read_in_both_formats_of_torch(zipped: bool, tmp_path: Path) -> None:
    state = network().state_dict()
    torch.save(state, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    checkpoint = load(tmp_path / "a.pth")
    assert same(checkpoint.state, dict(state))
    assert (checkpoint.model, checkpoint.labels, dict(checkpoint.config)) == (None, None, {})


def test_plain_safetensors_are_read(tmp_path: Path) -> None:
    state = network().state_dict()
    safetensors.torch.save_file(state, tmp_path / "a.safetensors")
    assert same(load(tmp_path / "a.safetensors").state, dict(state))


@pytest.mark.parametrize("wrapper", ["module.", "_orig_mod.", "module._orig_mod."])
def test_prefixes_of_wrapped_networks_are_removed(wrapper: str, tmp_path: Path) -> None:
    state = dict(network().state_dict())
    torch.save({wrapper + name: tensor for name, tensor in state.items()}, tmp_path / "a.pth")
    assert same(load(tmp_path / "a.pth").state, state)


class Payload:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("form", ["zip", "legacy", "pickle"])
def test_a_file_that_would_run_code_is_refused_without_running_it(form: str, tmp_path: Path) -> None:
    marker, path = tmp_path / "marker", tmp_path / "evil.pth"
    content = {"weight": Payload(marker)}
    if form == "pickle":
        path.write_bytes(pickle.dumps(content, protocol=2))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=form == "zip")
    with pytest.raises(WeightsError, match=r"holds code \(posix.mkdir\), refused") as error:
        load(path)
    assert "\n" not in str(error.value)
    assert not marker.exists()


def test_the_payload_of_that_test_does_run_where_pickles_are_trusted(tmp_path: Path) -> None:
    torch.save({"weight": Payload(tmp_path / "marker")}, tmp_path / "evil.pth")
    torch.load(tmp_path / "evil.pth", weights_only=False)
    assert (tmp_path / "marker").exists()


def write_state(path: Path) -> bytes:
    torch.save(network().state_dict(), path)
    return path.read_bytes()


def cut(path: Path) -> None:
    path.write_bytes(write_state(path)[:-200])


def flip(path: Path) -> None:
    data = bytearray(write_state(path))
    weight = torch.load(path)["0.weight"].numpy().tobytes()
    data[data.index(weight)] ^= 1
    path.write_bytes(data)


def cut_safetensors(path: Path) -> None:
    save(path, model="m", labels=(), state=network().state_dict())
    path.write_bytes(path.read_bytes()[:-3])


def with_metadata(text: str) -> Callable[[Path], None]:
    return lambda path: safetensors.torch.save_file({"a": torch.zeros(1)}, path, metadata={"deep_perception": text})


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "No such file"),
    "a folder": (lambda path: path.mkdir(), "Is a directory"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "text": (lambda path: path.write_text("hello\n"), "is a text file"),
    "web page": (lambda path: path.write_text("<!DOCTYPE html><html>log in</html>"), "is a web page"),
    "LFS pointer": (
        lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"),
        "is a Git LFS pointer.*git lfs pull",
    ),
    "noise": (lambda path: path.write_bytes(b"\xfe\x01\x02" * 99), "unknown format"),
    "cut": (cut, "damaged or incomplete"),
    "one flipped bit": (flip, "damaged or incomplete.*checksum"),
    "cut legacy pickle": (lambda path: path.write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF"), "damaged or incomplete"),
    "cut safetensors": (cut_safetensors, "damaged or incomplete"),
    "safetensors of noise": (lambda path: path.write_bytes(b"\x10" + b"\0" * 7 + b"{" + b"?" * 30), "damaged"),
    "a whole network": (lambda path: torch.save(network(), path), "holds code.*torch.save"),
    "other objects": (lambda path: torch.save({"a": argparse.Namespace()}, path), "holds code.*Namespace"),
    "numbers": (lambda path: torch.save({"a": 1}, path), "expected tensors by name"),
    "a tensor": (lambda path: torch.save(torch.zeros(2), path), "expected tensors by name"),
    "nothing": (lambda path: torch.save({}, path), "holds no tensors"),
    "later format": (
        with_metadata(json.dumps({"format": 99, "model": "m", "labels": [], "config": {}, "metrics": {}})),
        "format 99, expected at most 1. Update",
    ),
    "metadata of another kind": (with_metadata("[]"), "damaged"),
    "metadata without a model": (with_metadata('{"format": 1}'), "damaged"),
    "metadata that is no JSON": (with_metadata("{"), "damaged"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_one_clear_line_that_names_it(kind: str, tmp_path: Path) -> None:
    write, expected = BAD[kind]
    path = tmp_path / "weights.pth"
    write(path)
    with pytest.raises(WeightsError, match=expected) as error:
        load(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_a_torchscript_program_is_refused(tmp_path: Path) -> None:
    torch.jit.script(nn.Linear(2, 2)).save(str(tmp_path / "a.pt"))
    with pytest.raises(WeightsError, match="is a TorchScript program, refused"):
        load(tmp_path / "a.pt")


def test_a_full_disk_leaves_the_old_checkpoint_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save(path, model="old", labels=(), state={"a": torch.zeros(4)})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(WeightsError, match="cannot write") as error:
            save(path, model="new", labels=(), state={"a": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(error.value)
    assert load(path).model == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot write .*No such file"):
        save(tmp_path / "none" / "a.safetensors", model="m", labels=(), state={"a": torch.zeros(1)})


# Into a network


def state_of(source: nn.Module, **about: object) -> Checkpoint:
    return Checkpoint(dict(source.state_dict()), "0" * 64, **about)  # type: ignore[arg-type]


def test_a_fitting_state_is_copied_whole() -> None:
    source, target = network(), network()
    load_into(target, state_of(source))
    assert same(dict(target.state_dict()), dict(source.state_dict()))


def refused(target: nn.Module, checkpoint: Checkpoint, expected: str, labels: tuple[str, ...] | None = None) -> None:
    before = {name: tensor.clone() for name, tensor in target.state_dict().items()}
    with pytest.raises(WeightsError, match=expected) as error:
        load_into(target, checkpoint, expected_labels=labels)
    assert "\n" not in str(error.value)
    assert same(before, dict(target.state_dict())), "nothing is half-loaded"


def test_another_number_of_classes_is_told_in_classes() -> None:
    refused(network(5), state_of(network(3)), "made for 3 classes, the network has 5.*labels")


def test_classes_are_counted_in_heads_with_several_anchors() -> None:
    def build(classes: int) -> nn.Module:
        detector = zoo.detection.ssdlite320_mobilenet_v3_large
        return detector(weights=None, weights_backbone=None, num_classes=classes)

    refused(build(6), state_of(build(4)), "made for 4 classes, the network has 6", tuple("abcdef"))


def test_other_names_for_as_many_classes_are_noticed() -> None:
    refused(
        network(3), state_of(network(3), labels=("a", "b", "c")), r"classes a, b, c \(3\), expected", ("x", "y", "z")
    )


def test_the_weights_of_another_network_are_counted_and_named() -> None:
    other = nn.Sequential(nn.Conv2d(1, 2, 5), nn.Identity(), nn.Identity(), nn.Linear(8, 3), nn.Linear(3, 3))
    counts = r"4 missing \(1\.weight\), 2 unexpected \(4\.weight\), 1 of another shape \(0\.weight \(2, 1, 5, 5\)"
    refused(network(), state_of(other, model="tiny"), f"made for tiny: {counts}")


def test_batch_counters_may_be_missing() -> None:
    source = network()
    state = {name: tensor for name, tensor in source.state_dict().items() if "num_batches" not in name}
    target = network()
    load_into(target, Checkpoint(state, ""))
    assert torch.equal(target[0].weight, source[0].weight)


OLD_FILES: dict[str, tuple[Callable[[], nn.Module], tuple[tuple[str, str], ...]]] = {
    "vit": (
        lambda: zoo.VisionTransformer(32, 16, 2, 2, 16, 32),
        ((".mlp.0.", ".mlp.linear_1."), (".mlp.3.", ".mlp.linear_2.")),
    ),
    "fasterrcnn": (
        lambda: zoo.detection.fasterrcnn_mobilenet_v3_large_320_fpn(weights=None, weights_backbone=None, num_classes=3),
        ((".head.conv.0.0.", ".head.conv."), *((f"_blocks.{i}.0.", f"_blocks.{i}.") for i in range(2))),
    ),
    "retinanet": (
        lambda: zoo.detection.retinanet_resnet50_fpn(weights=None, weights_backbone=None, num_classes=3),
        (
            *((f"_head.conv.{i}.0.", f"_head.conv.{2 * i}.") for i in (3, 2, 1, 0)),
            *((f"_blocks.{i}.0.", f"_blocks.{i}.") for i in range(3)),
        ),
    ),
}


@pytest.mark.parametrize("kind", OLD_FILES)
def test_names_of_older_files_are_understood_as_torchvision_does(kind: str) -> None:
    build, renames = OLD_FILES[kind]
    old = dict(build().state_dict())
    for now, before in renames:
        old = {name.replace(now, before): tensor for name, tensor in old.items()}
    ours, theirs = build(), build()
    assert set(old) != set(theirs.state_dict())
    load_into(ours, Checkpoint(old, ""))
    theirs.load_state_dict(old)
    assert same(dict(ours.state_dict()), dict(theirs.state_dict()))


def test_names_of_old_densenet_files_are_understood() -> None:
    def build() -> nn.Module:
        return zoo.DenseNet(growth_rate=2, block_config=(2, 2), num_init_features=4, num_classes=3)

    source, target = build(), build()
    old = dict(source.state_dict())
    for part in ("norm1", "norm2", "conv1", "conv2"):
        old = {name.replace(f".{part}.", f".{part[:-1]}.{part[-1]}."): tensor for name, tensor in old.items()}
    assert set(old) != set(source.state_dict())
    load_into(target, Checkpoint(old, ""))
    assert same(dict(target.state_dict()), dict(source.state_dict()))


@pytest.mark.weights
@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_1", "ssdlite320_mobilenet_v3_large"])
def test_real_weights_load_as_torchvision_loads_them(name: str, shared_data: Path) -> None:
    (path,) = (shared_data / "weights").glob(f"{name}_*.pth")
    ours, theirs = (zoo.get_model(name, weights=None, **backbone(name)) for _ in range(2))
    load_into(ours, load(path))
    theirs.load_state_dict(torch.load(path, weights_only=True))
    assert same(dict(ours.state_dict()), dict(theirs.state_dict()))


def backbone(name: str) -> dict[str, None]:
    return {"weights_backbone": None} if name.startswith("ssd") else {}
