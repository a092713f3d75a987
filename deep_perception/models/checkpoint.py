"""One self-describing file: the weights, and beside them the model's name, labels, settings and metrics.

The format is safetensors with a JSON text under the metadata key `deep_perception`. Plain state dicts (safetensors,
.pth) are read too. Nothing that a file holds is ever run.
"""

import json
import math
import pickle
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from deep_perception.durable_files import written_aside
from deep_perception.errors import WeightsError
from deep_perception.models.files import in_words, sha256_of
from deep_perception.models.fitting import check_fit

FORMAT = 1
KEY = "deep_perception"
STATE_KEYS = ("state_dict", "model_state_dict", "params_ema", "params-ema", "params", "net", "model")
WRAPPERS = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every key."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a file of weights holds; `model` and `labels` are None where it does not say."""

    state: dict[str, Tensor]
    sha256: str
    model: str | None = None
    labels: tuple[str, ...] | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)


def save(
    path: Path,
    *,
    model: str,
    labels: Sequence[str],
    state: Mapping[str, Tensor],
    config: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Any] | None = None,
    half: bool = False,
) -> None:
    """Write the file, whole or not at all; `half` stores 16 bits a number where they can hold it."""
    about = {"format": FORMAT, "model": model, "labels": list(labels), "config": config or {}, "metrics": metrics or {}}
    # Copies, because tensors that share memory cannot be told apart in the file.
    tensors = {name: _halved(tensor) if half else tensor.detach().cpu().clone() for name, tensor in state.items()}
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    with in_words(f"cannot write '{path}'"), written_aside(path) as part:
        try:
            # The text is made here too: what cannot be written as JSON must not cost the old file.
            safetensors.torch.save_file(tensors, part, metadata={KEY: json.dumps(about)})
        except safetensors.SafetensorError as err:
            raise OSError(0, str(err)) from err


def load(path: Path) -> Checkpoint:
    """Read a file of weights without running anything in it; 16-bit floats become 32-bit ones."""
    digest = sha256_of(path)
    try:
        return _read(path, digest)
    except (RuntimeError, ValueError, EOFError, KeyError, TypeError, OSError, MemoryError, AttributeError) as err:
        raise WeightsError(
            f"weights: '{path}' is damaged or incomplete ({_first_line(err)}). Copy or fetch it again"
        ) from err


def load_into(network: nn.Module, checkpoint: Checkpoint, *, expected_labels: Sequence[str] | None = None) -> None:
    """Copy the weights into a network that they fit exactly; otherwise raise WeightsError and change nothing."""
    state = check_fit(network, checkpoint.state, checkpoint.model, checkpoint.labels, expected_labels)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if name in state:
                tensor.copy_(state[name])


def load_whole(network: nn.Module, checkpoint: Checkpoint, labels: Sequence[str]) -> None:
    """Copy weights into a network made for these labels, which count where the weights carry no names."""
    load_into(network, checkpoint, expected_labels=None if checkpoint.labels else labels)


def _read(path: Path, digest: str) -> Checkpoint:
    with open(path, "rb") as file:
        start = file.read(512)
    if start.startswith(b"PK"):
        return Checkpoint(_state(path, _unzipped(path)), digest)
    if start[8:9] == b"{":
        return _read_safetensors(path, digest)
    if start[:1] == b"\x80":
        return Checkpoint(_state(path, _unpickled(path)), digest)
    raise WeightsError(f"weights: '{path}' {_what_instead(start)}")


def _what_instead(start: bytes) -> str:
    """Say what somebody got who did not get weights."""
    if not start:
        return "is empty. Copy or fetch it again"
    if start.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, not the weights themselves. Get them with `git lfs pull`"
    if re.match(rb"\s*<(!doctype|html|\?xml)", start, re.IGNORECASE):
        return "is a web page, not weights. The download was redirected or needs a login: fetch it again"
    if start.isascii() and not re.search(rb"[\x00-\x08]", start):
        return "is a text file, expected weights (.safetensors or .pth)"
    return "is of an unknown format or damaged, expected weights (.safetensors or .pth)"


def _read_safetensors(path: Path, digest: str) -> Checkpoint:
    try:
        with safetensors.safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except safetensors.SafetensorError as err:
        raise ValueError(str(err)) from err
    state = _state(path, tensors)
    if text is None:
        return Checkpoint(state, digest)
    about = json.loads(text)
    if about["format"] > FORMAT:
        raise WeightsError(
            f"weights: '{path}' has format {about['format']}, expected at most {FORMAT}. Update deep_perception"
        )
    labels = tuple(map(str, about["labels"]))
    return Checkpoint(state, digest, str(about["model"]), labels, dict(about["config"]), dict(about["metrics"]))


def _unzipped(path: Path) -> object:
    try:
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():
                raise ValueError(f"the checksum of {damaged} is wrong")
            if any(name.endswith("constants.pkl") for name in archive.namelist()):
                raise WeightsError(f"weights: '{path}' is a TorchScript program, refused. {_SAVE_STATE}")
    except (zipfile.BadZipFile, NotImplementedError) as err:
        raise ValueError(str(err)) from err
    return _unpickled(path)


_SAVE_STATE = "Save the weights alone: torch.save(model.state_dict(), path)"


def _unpickled(path: Path) -> object:
    try:
        # fastai's files, DeOldify's among them, keep slices in the optimiser's settings; making one runs nothing.
        with torch.serialization.safe_globals([slice]):
            return torch.load(path, weights_only=True, map_location="cpu")
    except pickle.UnpicklingError as err:
        if culprit := re.search(r"GLOBAL (\S+)", str(err)):
            held = culprit.group(1).rstrip(".,")
            raise WeightsError(f"weights: '{path}' holds code ({held}), refused. {_SAVE_STATE}") from err
        raise ValueError("not a readable pickle") from err


def _state(path: Path, content: object) -> dict[str, Tensor]:
    """Find the tensors by name in what people save, and bring them to the form that networks are built in."""
    for key in STATE_KEYS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    found = type(content).__name__
    if not isinstance(content, Mapping) or not all(_usable(name, value) for name, value in content.items()):
        raise WeightsError(
            f"weights: '{path}' holds a {found} of other things, expected tensors by name. {_SAVE_STATE}"
        )
    if not content:
        raise WeightsError(f"weights: '{path}' holds no tensors. {_SAVE_STATE}")
    for wrapper in WRAPPERS:
        if all(name.startswith(wrapper) for name in content):
            content = {name[len(wrapper) :]: value for name, value in content.items()}
    return {name: _raised(value) for name, value in content.items()}


def _usable(name: object, value: object) -> bool:
    plain = isinstance(value, Tensor) and value.layout == torch.strided
    return isinstance(name, str) and plain and not value.is_quantized  # type: ignore[attr-defined]


def _raised(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor.detach()


def _halved(tensor: Tensor) -> Tensor:
    tensor = tensor.detach().cpu().clone()
    largest = tensor.abs().max().item() if tensor.is_floating_point() and tensor.numel() else math.inf
    return tensor.half() if largest < torch.finfo(torch.float16).max else tensor


def _first_line(err: BaseException) -> str:
    return (str(err).strip() or type(err).__name__).splitlines()[0][:160]
