"""Fold batch normalisation into the convolution before it: same answers, fewer passes over memory."""

import weakref
from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torchvision.ops import FrozenBatchNorm2d

NORMS = (nn.BatchNorm2d, FrozenBatchNorm2d)


def fold_batch_norms(network: nn.Module, example: object) -> None:
    """Fold in place every norm that alone reads a convolution's output, as seen while `network(example)` runs.

    The network must be in eval mode; afterwards it can no longer be trained.
    """
    _settle_weights(network)
    if not any(isinstance(module, NORMS) for module in network.modules()):
        return
    names = {module: name for name, module in network.named_modules()}
    for convolution, norm in _neighbours(network, example):
        _fold(convolution, norm)
        network.set_submodule(names[norm], nn.Identity())


def _settle_weights(network: nn.Module) -> None:
    """Replace layers that make their weight anew at each pass by plain ones: it changes no more."""
    for name, module in list(network.named_modules()):
        if hasattr(module, "settled"):
            network.set_submodule(name, module.settled())


@dataclass
class _Made:
    """A convolution's output, and who reads it."""

    convolution: nn.Conv2d
    output: "weakref.ref[Tensor]"
    readers: list[nn.Module]


def _neighbours(network: nn.Module, example: object) -> list[tuple[nn.Conv2d, nn.Module]]:
    """Return the (convolution, norm) pairs where the norm is the only module that reads the convolution's output."""
    made: list[_Made] = []
    by_id: dict[int, _Made] = {}
    runs: Counter[nn.Module] = Counter()

    def watch(module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        runs[module] += 1
        for tensor in inputs:
            # An id alone may be that of a tensor long gone.
            if (known := by_id.get(id(tensor))) and known.output() is tensor:
                known.readers.append(module)
        if isinstance(module, nn.Conv2d) and isinstance(output, Tensor):
            by_id[id(output)] = _Made(module, weakref.ref(output), [])
            made.append(by_id[id(output)])

    leaves = [module for module in network.modules() if not list(module.children())]
    handles = [module.register_forward_hook(watch) for module in leaves]
    try:
        with torch.inference_mode():
            network(example)
    finally:
        for handle in handles:
            handle.remove()
    return [(one.convolution, one.readers[0]) for one in made if _is_pair(one, runs)]


def _is_pair(one: _Made, runs: "Counter[nn.Module]") -> bool:
    # A module that runs more than once (a head shared by several scales) has more than one neighbour.
    alone = len(one.readers) == 1 and isinstance(one.readers[0], NORMS)
    return alone and runs[one.convolution] == runs[one.readers[0]] == 1


def _fold(convolution: nn.Conv2d, norm: nn.Module) -> None:
    assert isinstance(norm, NORMS) and norm.running_mean is not None and norm.running_var is not None
    weight, bias = fuse_conv_bn_weights(
        convolution.weight, convolution.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    )
    convolution.weight = nn.Parameter(weight.detach(), requires_grad=False)
    convolution.bias = nn.Parameter(bias.detach(), requires_grad=False)
