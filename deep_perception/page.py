"""Pages that people look at: one HTML file each, all of one look, that need nothing beside them."""

import base64
from collections.abc import Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #16202c; --soft: #5b6878; --line: #dfe4ea;
  --good: #12805c; --bad: #c22f2f; --accent: #2962d9; --code: #eef1f5; }
@media (prefers-color-scheme: dark) { :root { --page: #10151b; --card: #19212a; --ink: #e7edf3; --soft: #97a5b4;
  --line: #2b3642; --good: #45c79a; --bad: #ff7a70; --accent: #7fa8ff; --code: #222c37; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 40px 20px 64px; }
h1 { font-size: clamp(28px, 5vw, 42px); line-height: 1.1; letter-spacing: -.02em; margin: 0 0 12px;
  text-wrap: balance; }
h2 { font-size: 21px; letter-spacing: -.01em; margin: 52px 0 6px; }
p { margin: 0 0 14px; max-width: 78ch; overflow-wrap: anywhere; } .soft { color: var(--soft); }
.verdict { display: inline-block; padding: 3px 12px; border-radius: 99px; font-weight: 650; font-size: 14px;
  margin-bottom: 16px; border: 1px solid currentColor; }
.good { color: var(--good); } .bad { color: var(--bad); }
ul.bad { font-weight: 600; padding-left: 20px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 22px 0 0; }
.tile, .card, .scroll { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.tile { padding: 14px 18px; } .tile b { display: block; font-size: 30px; line-height: 1.2; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; } .tile span { color: var(--soft); font-size: 14px; }
.scroll { overflow-x: auto; margin-top: 12px; } table { border-collapse: collapse; width: 100%; font-size: 15px; }
th, td { padding: 9px 16px; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
th { font-weight: 550; color: var(--soft); font-size: 13px; } tr + tr td { border-top: 1px solid var(--line); }
tbody tr:first-child td { border-top: 1px solid var(--line); }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
.tall { max-height: 640px; overflow-y: auto; } .tall thead th { position: sticky; top: 0; background: var(--card); }
td.bar { width: 34%; min-width: 140px; } td.bar i { display: block; height: 9px; border-radius: 5px;
  background: linear-gradient(to right, var(--accent) var(--share), var(--line) var(--share)); }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 520px), 1fr)); gap: 16px;
  margin-top: 12px; }
.gallery.wide { grid-template-columns: minmax(0, 1fr); }
.card { overflow: hidden; margin: 0; }
.side { display: grid; grid-template-columns: repeat(var(--columns), minmax(0, 1fr)); gap: 2px; }
.side div { position: relative; } img { display: block; width: 100%; height: auto; }
.side span { position: absolute; right: 6px; bottom: 6px; padding: 1px 8px; border-radius: 6px; font-size: 12px;
  background: #000a; color: #fff; }
figcaption { padding: 9px 14px; font-size: 14px; display: flex; flex-wrap: wrap; gap: 2px 18px; }
.split { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 16px; margin-top: 12px; }
pre { background: var(--code); border-radius: 10px; padding: 13px 16px; overflow-x: auto; margin: 10px 0 18px; }
code { font: 13.5px/1.6 ui-monospace, monospace; }
@media (max-width: 760px) { .split, .side { grid-template-columns: minmax(0, 1fr); } main { padding-top: 24px; } }
"""

MOST_ROWS = 20
"""A longer table scrolls in its place."""


def document(title: str, parts: Sequence[str], style: str = "") -> str:
    """Return a page of these parts, which are HTML; empty ones leave no trace. `style` is CSS beside the usual."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def embedded(file: bytes, kind: str = "jpeg") -> str:
    """Return a picture that is part of the page."""
    return f'<img alt="" src="data:image/{kind};base64,{base64.b64encode(file).decode()}">'


def steps(todo: Sequence[tuple[str, str]]) -> str:
    """Return what can be done next: words and the commands for it."""
    return "".join(f"<p>{escape(words)}</p><pre><code>{escape(command)}</code></pre>" for words, command in todo)


def section(title: str, explained: str, content: str) -> str:
    """Return a part of a page under a heading, with words in front; nothing where there is no content."""
    return f"<h2>{escape(title)}</h2>\n<p class=soft>{escape(explained)}</p>\n{content}" if content else ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, texts: Sequence[int] = ()) -> str:
    """Return a table that scrolls where the screen is narrow; cells are HTML, `texts` the columns of words."""

    def line(cells: Sequence[str], tag: str) -> str:
        kinds = (" class=text" if place in texts else "" for place in range(len(cells)))
        return "".join(f"<{tag}{kind}>{cell}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    top = f"<thead><tr>{line([escape(name) for name in head], 'th')}</tr></thead>" if any(head) else ""
    kind = "scroll tall" if len(rows) > MOST_ROWS else "scroll"
    return f'<div class="{kind}"><table>{top}<tbody>{body}</tbody></table></div>' if rows else ""


def tiles(told: Sequence[tuple[str, str]]) -> str:
    """Return figures to see at a glance: a value, and what it is."""
    each = (f'<div class="tile"><b>{escape(value)}</b><span>{escape(words)}</span></div>' for value, words in told)
    return f'<div class="tiles">{"".join(each)}</div>' if told else ""
