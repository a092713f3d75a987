"""The tensors of a network that have rows for each class, and how rows go from one set of classes to another."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor, nn
from torchvision.models.detection.roi_heads import RoIHeads

from deep_perception.models.origin import Origin
from deep_perception.models.table import find
from deep_perception.models.unallocated import unallocated

SOME = 5
"""Classes of the network that is compared with one for a class more."""


def class_tensors(origin: Origin) -> tuple[str, ...]:
    """Return the names of the tensors whose length follows the number of classes."""
    if not origin.labels:
        return ()
    with unallocated():
        fewer, more = (_lengths(origin, count) for count in (SOME, SOME + 1))
    names = tuple(name for name in fewer if fewer[name] != more[name])
    assert all(fewer[name] * (SOME + 1) == more[name] * SOME for name in names), "equally many rows for each class"
    return names


def begin(network: nn.Module, heads: Sequence[str], initial: str) -> None:
    """Draw the weights of heads by Kaiming or Xavier; biases stay as built, since some say how rare things are."""
    for name, parameter in network.named_parameters():
        if name in heads and parameter.ndim > 1:
            if initial == "xavier":
                nn.init.xavier_normal_(parameter)
            else:
                nn.init.kaiming_normal_(parameter, nonlinearity="linear")  # no ReLU follows that would halve it


def carry_rows(head: Tensor, learnt: Tensor, known: Sequence[str], new: Sequence[str], of_regions: bool) -> None:
    """Copy what was learnt of the classes that are known into the head for the new ones."""
    both = [name for name in new if name in known]
    rows, places = by_class(head, len(new), of_regions), [new.index(name) for name in both]
    rows[places] = by_class(learnt, len(known), of_regions)[[known.index(name) for name in both]]


def by_class(tensor: Tensor, classes: int, of_regions: bool) -> Tensor:
    """Show a tensor (rows, ...) as (classes, rows of each, ...), in the same memory.

    A judge of regions has all that belongs to a class side by side, a judge of anchors all classes of an anchor.
    """
    if of_regions:
        return tensor.unflatten(0, (classes, -1))
    return tensor.unflatten(0, (-1, classes)).transpose(0, 1)


def judges_regions(network: nn.Module, name: str) -> bool:
    """Tell whether a tensor is part of what torchvision calls the heads of regions of interest."""
    judges = (place for place, module in network.named_modules() if isinstance(module, RoIHeads))
    return any(name.startswith(f"{place}.") for place in judges)


def _lengths(origin: Origin, classes: int) -> dict[str, int]:
    network = find(origin.name).build(replace(origin, labels=tuple(map(str, range(classes)))))
    return {name: len(tensor) for name, tensor in network.state_dict().items() if tensor.ndim}
