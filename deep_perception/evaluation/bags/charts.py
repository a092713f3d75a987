"""Charts as HTML and SVG that a page holds: they take its colours and its width, and need no script.

The lines stretch with the page and the letters do not, so that a chart is as readable on a telephone.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

COLOURS = 8
"""Lines that can be told apart: --s0 and so on."""
SCALE = 1000
"""Lines are drawn in a square of this size, which the page stretches."""
LEAST_TICKS = 2
APART = 12
"""Bars wider than this have a gap between them."""


@dataclass(frozen=True)
class Axis:
    """What runs along a side of a chart."""

    name: str
    low: float
    high: float
    counts: bool = False
    """Between whole numbers there is nothing."""

    def place(self, value: float) -> float:
        """Return where a value lies, 0 to 1."""
        return (value - self.low) / (self.high - self.low)

    def ticks(self, most: int) -> list[float]:
        """Return round values along the axis, no more than `most` + 1, and two where that can be."""
        rough = max((self.high - self.low) / most, int(self.counts))
        size = 10 ** math.floor(math.log10(rough))
        steps = [size * times for times in ((1, 2, 5, 10) if self.counts else (0.5, 1, 2, 2.5, 5, 10))]
        place = next(place for place, step in enumerate(steps) if step >= rough * (1 - 1e-9))
        while len(self._multiples(steps[place])) < LEAST_TICKS and place:
            place -= 1
        return self._multiples(steps[place])

    def _multiples(self, step: float) -> list[float]:
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


@dataclass(frozen=True)
class Line:
    """Values along a chart; None leaves a gap."""

    name: str
    x: Sequence[float]
    y: Sequence[float | None]
    colour: str = "var(--s0)"
    faint: bool = False
    """In the background, and not in the key."""
    dot: tuple[float, float] | None = None
    """A point of note."""


@dataclass(frozen=True)
class Bars:
    """Amounts that stand on each other, a bar at each place on the x axis."""

    x: Sequence[float]
    width: float
    parts: Sequence[tuple[str, Sequence[float]]]
    """A colour and its amounts, the lowest first."""


def from_zero(name: str, values: Sequence[float | None], *, counts: bool = False) -> Axis:
    """Return an axis that holds 0 and these values."""
    known = [0.0, *(value for value in values if value is not None)]
    low, high = min(known), max(known)
    return Axis(name, low, high if high > low else low + 1, counts)


def around(name: str, values: Sequence[float | None]) -> Axis:
    """Return an axis that holds these values, of which one at least is known; 0 means nothing there."""
    known = [value for value in values if value is not None]
    low = math.floor(min(known))
    return Axis(name, low, max(math.ceil(max(known)), low + 1))


def chart(x: Axis, y: Axis, drawn: Sequence[Line | Bars], *, height: int, more: bool = False) -> str:
    """Draw lines and bars, `height` pixels high; if there is `more`, a chart of the same x axis comes below."""
    across, up = x.ticks(5), y.ticks(max(2, height // 55))
    beside = "".join(f'<b style="bottom:{y.place(value):.2%}">{number(value, up)}</b>' for value in up)
    below = "".join(f'<b style="left:{x.place(value):.2%}">{number(value, across)}</b>' for value in across)
    inside = "".join([_grid(x, y, across, up), *(_drawn(x, y, each) for each in drawn)])
    foot = "" if more else f'<div class="below">{below}</div><p class="unit">{escape(x.name)}</p>'
    return (
        f'<figure class="chart"><p class="what">{escape(y.name)}</p><div class="field" style="height:{height}px">'
        f'<svg viewBox="0 0 {SCALE} {SCALE}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(y.name)} over {escape(x.name)}">{inside}</svg>{beside}</div>{foot}</figure>'
    )


def hinted(charts: str, hints: Sequence[str]) -> str:
    """Return charts that tell these words where somebody points at them, each over as much of the x axis."""
    return f'<div class="hinted">{charts}<div>{"".join(f"<i title={_quoted(hint)}></i>" for hint in hints)}</div></div>'


def key(named: Sequence[tuple[str, str]]) -> str:
    """Return which colour is what: words and colours."""
    each = (f'<span><i style="--of:{colour}"></i>{escape(words)}</span>' for words, colour in named)
    return f'<p class="key">{"".join(each)}</p>'


def shares(named: Sequence[tuple[str, float]]) -> str:
    """Draw the parts of a whole as one bar, with what they are."""
    coloured = [(words, f"var(--s{place % COLOURS})", share) for place, (words, share) in enumerate(named)]
    parts = "".join(
        f'<i title="{escape(words)} {share:.0%}" style="--of:{share:.4f};--colour:{colour}"></i>'
        for words, colour, share in coloured
    )
    told = key([(f"{words} {share:.0%}", colour) for words, colour, share in coloured])
    return f'<div class="card charts"><div class="share">{parts}</div>{told}</div>'


def meter(share: float | None) -> str:
    """Return a bar for a cell of a table; `share` is 0 to 1."""
    return "" if share is None else f'<i class="meter" style="--share:{share:.1%}"></i>'


def number(value: float, among: Sequence[float]) -> str:
    """Write a tick with as many digits as tell it from its neighbours."""
    step = abs(among[1] - among[0]) if len(among) > 1 else 1.0
    digits = next((digits for digits in range(6) if abs(round(step, digits) - step) < step * 1e-6), 6)
    return f"{value + 0.0:.{digits}f}"


def _grid(x: Axis, y: Axis, across: Sequence[float], up: Sequence[float]) -> str:
    rows = "".join(f"M0 {_up(y, value)}h{SCALE}" for value in up)
    columns = "".join(f"M{_along(x, value)} 0v{SCALE}" for value in across)
    return f'<path class="grid" d="{rows}{columns}"/>'


def _drawn(x: Axis, y: Axis, what: Line | Bars) -> str:
    return _bars(x, y, what) if isinstance(what, Bars) else _line(x, y, what)


def _line(x: Axis, y: Axis, line: Line) -> str:
    runs = list(_runs(x, y, line))
    named = f"<title>{escape(line.name)}</title>"
    path = "".join(f"M{'L'.join(run)}" for run in runs if len(run) > 1)
    alone = "".join(f"M{run[0]}h0" for run in runs if len(run) == 1)
    colour = 'class="faint"' if line.faint else f'style="stroke:{line.colour}"'
    drawn = f'<path {colour} d="{path}">{named}</path>' if path else ""
    drawn += f'<path class="alone" style="stroke:{line.colour}" d="{alone}">{named}</path>' if alone else ""
    if line.dot and not line.faint:
        at = f"M{_along(x, line.dot[0])} {_up(y, line.dot[1])}h0"
        drawn += f'<path class="dot" style="stroke:{line.colour}" d="{at}">{named}</path>'
    return drawn


def _runs(x: Axis, y: Axis, line: Line) -> Iterator[list[str]]:
    """Yield the points between two gaps."""
    run: list[str] = []
    for at, value in zip(line.x, line.y, strict=True):
        if value is not None:
            run.append(f"{_along(x, at)} {_up(y, value)}")
        elif run:
            yield run
            run = []
    if run:
        yield run


def _bars(x: Axis, y: Axis, bars: Bars) -> str:
    bottoms = [0.0] * len(bars.x)
    width = bars.width / (x.high - x.low) * SCALE
    width -= width > APART  # thinner ones would pale
    drawn = []
    for colour, amounts in bars.parts:
        tops = [bottom + amount for bottom, amount in zip(bottoms, amounts, strict=True)]
        each = (
            f"M{_along(x, at)} {_up(y, bottom)}V{_up(y, top)}h{width:.4g}V{_up(y, bottom)}z"
            for at, bottom, top in zip(bars.x, bottoms, tops, strict=True)
            if top > bottom
        )
        drawn.append(f'<path style="fill:{colour}" d="{"".join(each)}"/>')
        bottoms = tops
    return "".join(drawn)


def _quoted(words: str) -> str:
    return f'"{escape(words)}"'


def _along(x: Axis, value: float) -> int:
    return round(x.place(value) * SCALE)


def _up(y: Axis, value: float) -> int:
    return round((1 - y.place(value)) * SCALE)
