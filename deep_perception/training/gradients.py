"""A watch on the length of gradients: too short and nothing is learnt, too long and what was learnt is lost."""

import math
from collections import deque
from statistics import median

RECENT = 1000
"""Steps that are looked back on."""
LEAST = 20
"""Fewer steps say nothing."""
SHORT = 1e-6
EXPLODES = 100.0
"""Times the usual length."""
OFTEN_CUT = 0.5
"""Share of the steps from which on cutting is the rule and not the exception."""


class GradientWatch:
    """Sees the gradient of each step, and says what is wrong with them in sentences."""

    def __init__(self) -> None:
        self._norms: deque[float] = deque(maxlen=RECENT)
        self._cut: deque[bool] = deque(maxlen=RECENT)

    def see(self, norm: float, clip: float) -> None:
        """Note the length of a gradient before it was cut to `clip` (0: never)."""
        self._norms.append(norm)
        self._cut.append(clip > 0 and norm > clip)

    def findings(self) -> tuple[str, ...]:
        """Return what is wrong with the gradients of the recent steps; nothing where all is well."""
        finite = [norm for norm in self._norms if math.isfinite(norm)]
        said = []
        if lost := len(self._norms) - len(finite):
            said.append(f"{lost} of {len(self._norms)} gradients were no numbers: take a lower learning rate")
        if len(finite) < LEAST:
            return tuple(said)
        usual, longest, cut = median(finite), max(finite), sum(self._cut) / len(self._cut)
        if usual < SHORT:
            said.append(
                f"gradients vanish, their usual length is {usual:.1e}: train more layers or begin them otherwise"
            )
        elif longest > EXPLODES * usual:
            said.append(
                f"gradients explode now and then, up to {longest:.3g} where {usual:.3g} is usual: {_remedy(cut)}"
            )
        if cut > OFTEN_CUT:
            often = f"{cut:.0%} of the gradients are cut, their usual length is {usual:.3g}"
            said.append(f"{often}: if the loss falls slowly, take a larger clip")
        return tuple(said)


def _remedy(cut: float) -> str:
    return "they are cut" if cut else "set clip, or take a lower learning rate"
