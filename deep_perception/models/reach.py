"""How far each tensor of a network sees: receptive fields, followed operation by operation as they happen."""

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten

Rule = Callable[["Field", tuple[Any, ...], Any], "Field"]
"""From the joined field of the arguments, the arguments and the result, to the field of the result."""


class Reach(IntEnum):
    """What limits the part of the picture that a value depends on; where branches meet, the larger one holds."""

    FIXED = 0
    """A rectangle of fixed size."""
    WINDOW = 1
    """Attention in windows: it depends on where in its window a value lies."""
    BOX = 2
    """The box that a region was cut out for."""
    GLOBAL = 3
    """Nothing: the whole picture."""


@dataclass(frozen=True)
class Field:
    """The receptive field of a tensor, in pixels of the picture that the network got."""

    reach: Reach = Reach.FIXED
    size: tuple[float, float] = (1, 1)
    """Height and width, without regard to the picture's border; meaningful when FIXED."""
    stride: tuple[float, float] = (1, 1)
    """Pixels between neighbours on the grid."""
    grid: tuple[int, int] = (1, 1)
    """Height and width of the tensor's grid of positions."""

    @property
    def positions(self) -> int:
        """Number of places on the grid."""
        return self.grid[0] * self.grid[1]

    def widened(self, kernel: tuple[float, float], step: tuple[float, float], grid: tuple[int, int]) -> "Field":
        """Return the field behind a window of `kernel` places that moves by `step` places."""
        size = _pairwise(lambda size, places, stride: size + (places - 1) * stride, self.size, kernel, self.stride)
        stride = _pairwise(operator.mul, self.stride, step)
        return replace(self, size=size, stride=stride, grid=grid)

    def everywhere(self) -> "Field":
        """Return the field of a value that saw all places of the grid, of the picture or of a box."""
        return replace(self, reach=Reach.BOX if self.reach == Reach.BOX else Reach.GLOBAL, grid=(1, 1))

    def at_least(self, reach: Reach) -> "Field":
        """Return the field behind an operation that reaches this far."""
        return replace(self, reach=max(self.reach, reach))


def field_of(value: object) -> Field | None:
    """Return the field of a tensor that depends on the picture."""
    return getattr(value, "receptive_field", None)


def mark(value: object, field: Field) -> None:
    """Write the field on a tensor, or on each tensor of a list."""
    if isinstance(value, Tensor):
        value.receptive_field = field  # type: ignore[attr-defined]
    elif isinstance(value, (list, tuple)):
        for each in value:
            mark(each, field)


def follow(operation: Any, arguments: tuple[Any, ...], result: Any) -> None:
    """Mark the result of an operation, if one of its arguments depends on the picture."""
    fields = [field for value in _flat(arguments) if (field := field_of(value))]
    if not fields:
        return
    joined = _join(fields)
    rule = RULES.get(operation.overloadpacket)
    mark(result, rule(joined, arguments, result) if rule else joined)


def _flat(arguments: Any) -> list[Any]:
    if isinstance(arguments, (list, tuple)):
        return [value for each in arguments for value in _flat(each)]
    return [arguments]


def _join(fields: list[Field]) -> Field:
    """Return the field of a sum or a concatenation: the largest there is, on the finest grid."""
    first = max(fields, key=lambda field: field.positions)
    size = _pairwise(max, *(field.size for field in fields), (1, 1))
    return replace(first, size=size, reach=max(field.reach for field in fields))


def _grid(result: Any) -> tuple[int, int]:
    tensor = result if isinstance(result, Tensor) else result[0]
    return int(tensor.shape[-2]), int(tensor.shape[-1])


def _pair(value: Any) -> tuple[Any, Any]:
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return values[0], values[-1]


def _pairwise(function: Callable[..., Any], *pairs: tuple[Any, Any]) -> tuple[Any, Any]:
    """Apply a function to the heights and to the widths."""
    height, width = map(function, *pairs)
    return height, width


def _convolution(field: Field, arguments: tuple[Any, ...], result: Tensor) -> Field:
    stride, transposed = _pair(arguments[3]), arguments[6]
    kernel = _pairwise(lambda k, d: d * (k - 1) + 1, _pair(arguments[1].shape[-2:]), _pair(arguments[5]))
    if transposed:
        kernel, stride = _pairwise(lambda k, s: -(-k // s), kernel, stride), _pairwise(lambda s: 1 / s, stride)
    return field.widened(kernel, stride, _grid(result))


def _pool(field: Field, arguments: tuple[Any, ...], result: Any) -> Field:
    kernel = _pair(arguments[1])
    stride = _pair(arguments[2]) if len(arguments) > 2 and arguments[2] else kernel
    return field.widened(kernel, stride, _grid(result))


def _adaptive_pool(field: Field, arguments: tuple[Any, ...], result: Any) -> Field:
    before, after = _grid(arguments[0]), _grid(result)
    if after == (1, 1):
        return field.everywhere()
    kernel = _pairwise(lambda n, m: max(-(-(i + 1) * n // m) - i * n // m for i in range(m)), before, after)
    return field.widened(kernel, _pairwise(operator.truediv, before, after), after)


def _resize(blend: int) -> Rule:
    """Return the rule of an interpolation that blends that many neighbours."""

    def rule(field: Field, arguments: tuple[Any, ...], result: Tensor) -> Field:
        before, after = _grid(arguments[0]), _grid(result)
        kernel = _pairwise(lambda n, m: 1 if n == m else blend, before, after)
        return field.widened(kernel, _pairwise(operator.truediv, before, after), after)

    return rule


def _mean(field: Field, arguments: tuple[Any, ...], result: Tensor) -> Field:
    return field.everywhere() if arguments[0].numel() // result.numel() >= field.positions else field


def _slice(field: Field, arguments: tuple[Any, ...], result: Tensor) -> Field:
    """Follow patch merging: every other row or column of (N, H, W, C)."""
    step = arguments[4] if len(arguments) > 4 else 1
    axis = arguments[1] % result.dim() if len(arguments) > 1 else 0
    if step == 1 or result.dim() != 4 or tuple(arguments[0].shape[1:3]) != field.grid or axis not in (1, 2):
        return field
    steps = (step, 1) if axis == 1 else (1, step)
    # The neighbours that are skipped here come back as channels.
    return field.widened(steps, steps, (int(result.shape[1]), int(result.shape[2])))


def _matrix(data: int) -> Rule:
    """Return the rule of a matrix product whose rows are argument `data`."""

    def rule(field: Field, arguments: tuple[Any, ...], result: Tensor) -> Field:
        rows = arguments[data]
        if field_of(rows) and field_of(arguments[data + 1]):
            return _attention(field, rows.shape[-2])
        # One row a place: a 1x1 convolution. Fewer rows than places: all places of the picture went into a row.
        if rows.numel() // rows.shape[-1] >= field.positions:
            return field
        return field.everywhere()

    return rule


def _attention(field: Field, tokens: int) -> Field:
    return field.at_least(Reach.GLOBAL if tokens >= field.positions else Reach.WINDOW)


def _box(field: Field, arguments: tuple[Any, ...], result: Tensor) -> Field:
    return replace(field, reach=Reach.BOX, grid=_grid(result))


def _put(field: Field, arguments: tuple[Any, ...], result: Tensor) -> Field:
    # What is put counts, not what decided where to put it.
    return field_of(arguments[2]) or field


ATTENTION = (
    aten._scaled_dot_product_flash_attention_for_cpu,
    aten._scaled_dot_product_flash_attention,
    aten._scaled_dot_product_efficient_attention,
    aten._scaled_dot_product_cudnn_attention,
)
"""softmax(query key) value in one operation, of which every device has its own."""

RULES: dict[Any, Rule] = {
    aten.convolution: _convolution,
    aten.max_pool2d_with_indices: _pool,
    aten.max_pool2d: _pool,
    aten.avg_pool2d: _pool,
    aten._adaptive_avg_pool2d: _adaptive_pool,
    aten.adaptive_max_pool2d: _adaptive_pool,
    aten.upsample_nearest2d: _resize(1),
    aten.upsample_bilinear2d: _resize(2),
    aten.upsample_bicubic2d: _resize(4),
    aten.mean: _mean,
    aten.slice: _slice,
    aten.mm: _matrix(0),
    aten.bmm: _matrix(0),
    aten.addmm: _matrix(1),
    aten.baddbmm: _matrix(1),
    **dict.fromkeys(ATTENTION, lambda field, arguments, result: _attention(field, arguments[0].shape[-2])),
    torch.ops.torchvision.roi_align: _box,
    aten.index_put_: _put,
}
"""Operations that look beyond their own place; every other one passes on what it got."""
