"""A network layer by layer: sizes, parameters, multiply-adds and receptive fields, as one picture goes through it."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.transform import GeneralizedRCNNTransform

from deep_perception.models.reach import ATTENTION, Field, Reach, field_of, follow, mark

aten = torch.ops.aten


@dataclass(frozen=True)
class Layer:
    """A row of the summary."""

    name: str
    kind: str
    output: tuple[int, ...] | None
    """Size without the batch; None: not used for a prediction (a branch for training)."""
    weight: tuple[int, ...] | None
    """Size of the largest parameter."""
    parameters: int
    flops: int
    """Multiply-adds of convolutions, matrix products and attention, over all calls."""
    receptive_field: tuple[float, float] | None
    """Height and width in pixels of the picture, border disregarded; None where no fixed size exists."""
    reach: str
    """fixed, window (attention), box (of a detection) or global (the whole picture)."""
    stride: tuple[float, float] | None
    """Pixels between neighbouring outputs."""
    calls: int = 1


def summarize(network: nn.Module, input_size: tuple[int, ...]) -> list[Layer]:
    """Send one picture of this size (channels, height, width) through the network and tell what every layer did.

    Works on any device, `meta` included, where only sizes are computed. Detectors, which decide from what they see,
    need a real one; their box heads count for the boxes they propose for this picture of noise.
    """
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    picture = torch.rand(1, *input_size, generator=torch.Generator().manual_seed(0)).to(device)
    mark(picture, Field(grid=(int(input_size[-2]), int(input_size[-1]))))
    watch = _Watch(network)
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad(), watch.hooks(), _plain_attention(), watch:
            network(_as_input(network, picture))
    finally:
        network.train(was_training)
    return [_row(name, visit) for name, visit in watch.rows()]


@dataclass
class _Visit:
    """What was seen of one module."""

    module: nn.Module
    calls: int = 0
    order: int = sys.maxsize
    flops: int = 0
    output: tuple[int, ...] | None = None
    sees: Field | None = None
    owned: list[nn.Parameter] = field(default_factory=list)


class _Watch(TorchDispatchMode):
    """Sees every operation, and knows which module it happens in."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.visits = {name: _Visit(module) for name, module in network.named_modules()}
        self.inside: list[str] = [""]
        self.finished = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        follow(func, args, result)
        if counter := COUNTERS.get(func.overloadpacket):
            self.visits[self.inside[-1]].flops += counter(args, result)
        return result

    @contextlib.contextmanager
    def hooks(self) -> Iterator[None]:
        """Note the modules as they run."""
        handles = []
        for name, visit in self.visits.items():
            handles.append(
                visit.module.register_forward_pre_hook(lambda module, _, name=name: self.inside.append(name))
            )
            handles.append(visit.module.register_forward_hook(lambda module, _, out, name=name: self._leave(name, out)))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _leave(self, name: str, output: Any) -> None:
        self.inside.pop()
        visit = self.visits[name]
        visit.calls += 1
        self.finished += 1
        visit.order = min(visit.order, self.finished)
        if isinstance(visit.module, GeneralizedRCNNTransform):
            _start_at_the_resized_picture(output)
        if visit.calls == 1 and (tensor := _first_tensor(output)) is not None:
            visit.output = tuple(tensor.shape[1:] if tensor.shape[:1] == (1,) else tensor.shape)
            visit.sees = field_of(tensor)

    def rows(self) -> Iterator[tuple[str, _Visit]]:
        """Yield, as they ran, modules that hold parameters, count operations or contain nothing else."""
        seen: set[int] = set()
        for name, visit in self.visits.items():
            for parameter in visit.module.parameters(recurse=False):
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    self.visits[self._owner(name)].owned.append(parameter)
        for name, visit in sorted(self.visits.items(), key=lambda item: item[1].order):
            is_leaf = not any(True for _ in visit.module.children())
            if visit.owned or visit.flops or (is_leaf and visit.calls):
                yield name, visit

    def _owner(self, name: str) -> str:
        """Return the module that used these parameters: attention takes those of its parts without calling them."""
        owner = name
        while owner and not self.visits[owner].calls:
            owner = owner.rpartition(".")[0]
        return owner if self.visits[owner].flops and self.visits[owner].calls else name


def _row(name: str, visit: _Visit) -> Layer:
    where = visit.sees
    return Layer(
        name=name or "(network)",
        kind=type(visit.module).__name__,
        output=visit.output,
        weight=tuple(max(visit.owned, key=Tensor.numel).shape) if visit.owned else None,
        parameters=sum(parameter.numel() for parameter in visit.owned),
        flops=visit.flops,
        receptive_field=where.size if where and where.reach == Reach.FIXED else None,
        reach=where.reach.name.lower() if where else "",
        stride=where.stride if where and where.positions > 1 and where.reach != Reach.BOX else None,
        calls=visit.calls,
    )


def _as_input(network: nn.Module, picture: Tensor) -> Tensor | list[Tensor]:
    """Detectors take a list of pictures without a batch."""
    if not isinstance(getattr(network, "transform", None), GeneralizedRCNNTransform):
        return picture
    single = picture[0]
    mark(single, Field(grid=(int(single.shape[-2]), int(single.shape[-1]))))
    return [single]


def _start_at_the_resized_picture(output: Any) -> None:
    """Count pixels of the picture as the detector resized it, not as the camera took it."""
    images = output[0]
    assert isinstance(images, ImageList)
    height, width = images.tensors.shape[-2:]
    mark(images.tensors, Field(grid=(int(height), int(width))))


def _first_tensor(output: Any) -> Tensor | None:
    if isinstance(output, Tensor):
        return output
    if isinstance(output, ImageList):
        return output.tensors
    values = output.values() if isinstance(output, dict) else output if isinstance(output, (list, tuple)) else ()
    return next((tensor for value in values if (tensor := _first_tensor(value)) is not None), None)


@contextlib.contextmanager
def _plain_attention() -> Iterator[None]:
    # torch's fused attention layer would hide its matrix products.
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _of_convolution(arguments: Any, result: Tensor) -> int:
    picture, weight, transposed = arguments[0], arguments[1], arguments[6]
    places = picture if transposed else result
    return int(places.shape[0] * prod(places.shape[2:]) * weight.numel())


def _of_attention(arguments: Any, result: Any) -> int:
    query, key, value = arguments[:3]
    return int(prod(query.shape[:-1]) * key.shape[-2] * (key.shape[-1] + value.shape[-1]))


COUNTERS: dict[Any, Any] = {
    aten.convolution: _of_convolution,
    aten.mm: lambda arguments, result: result.numel() * arguments[0].shape[-1],
    aten.bmm: lambda arguments, result: result.numel() * arguments[0].shape[-1],
    aten.addmm: lambda arguments, result: result.numel() * arguments[1].shape[-1],
    aten.baddbmm: lambda arguments, result: result.numel() * arguments[1].shape[-1],
    **dict.fromkeys(ATTENTION, _of_attention),
}
"""Multiply-adds of the operations that have any worth counting."""
