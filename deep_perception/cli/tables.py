"""Tables: drawn on a terminal, plain aligned lines in a pipe, where nothing is cut off."""

import sys
from collections.abc import Sequence


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under column names; columns that hold numbers stand to the right."""
    texts = [[str(cell) for cell in row] for row in rows]
    numeric = [
        bool(rows) and all(isinstance(row[i], (int, float)) or row[i] == "" for row in rows)
        for i in range(len(columns))
    ]
    if sys.stdout.isatty():
        _draw(columns, texts, numeric)
        return
    widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
    for line in [list(columns), *texts]:
        cells = (f"{c:>{w}}" if right else f"{c:<{w}}" for c, w, right in zip(line, widths, numeric, strict=True))
        print("  ".join(cells).rstrip())


def _draw(columns: Sequence[str], texts: list[list[str]], numeric: list[bool]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name, right in zip(columns, numeric, strict=True):
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for line in texts:
        table.add_row(*map(Text, line))
    Console().print(table)


def short(number: int) -> str:
    """Write a large number as people say it: 1.23 k, 4.56 M, 7.89 G."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number / size:.2f} {unit}"
    return str(number)
