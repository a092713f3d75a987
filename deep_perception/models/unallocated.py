"""Networks that have sizes but neither memory nor values: enough to count their parameters."""

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

FACTORIES = (torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn)


@contextlib.contextmanager
def unallocated() -> Iterator[None]:
    """Build networks in here without memory, in a fraction of the time."""
    with _Unallocated(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some builders warn about a slow initialisation, which does not happen here
        yield


def count_parameters(network: nn.Module) -> int:
    """Return the number of values that training can change, each counted once."""
    return sum(parameter.numel() for parameter in network.parameters())


class _Unallocated(TorchFunctionMode):
    # torch.device("meta") alone would do, were there not builders that compute with small tensors on their way.
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in FACTORIES:
            return func(*args, **{**kwargs, "device": "meta"})
        target = args[0] if args else kwargs.get("tensor")
        if isinstance(target, Tensor) and target.is_meta and _fills(getattr(func, "__name__", "")):
            return target
        return func(*args, **kwargs)


def _fills(name: str) -> bool:
    """Tell the functions that write into their first argument, by torch's convention for their names."""
    return name.endswith("_") and not name.endswith("__") and name != "requires_grad_"
