"""The demo's report: one HTML file that needs nothing beside it."""

import base64
from collections.abc import Mapping, Sequence
from html import escape

from deep_perception.evaluation.demo_result import Result, Shot, Stream
from deep_perception.evaluation.matching import Counts

STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #16202c; --soft: #5b6878; --line: #dfe4ea;
  --good: #12805c; --bad: #c22f2f; --accent: #2962d9; --code: #eef1f5; }
@media (prefers-color-scheme: dark) { :root { --page: #10151b; --card: #19212a; --ink: #e7edf3; --soft: #97a5b4;
  --line: #2b3642; --good: #45c79a; --bad: #ff7a70; --accent: #7fa8ff; --code: #222c37; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 40px 20px 64px; }
h1 { font-size: clamp(28px, 5vw, 42px); line-height: 1.1; letter-spacing: -.02em; margin: 0 0 12px; }
h2 { font-size: 21px; letter-spacing: -.01em; margin: 52px 0 6px; }
p { margin: 0 0 14px; max-width: 78ch; } .soft { color: var(--soft); }
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

NEXT = (
    (
        "On your own photos, folders, videos and bags",
        "deep_perception predict ssdlite320_mobilenet_v3_large photos/ --out annotated/",
    ),
    (
        "On your robot's camera: one task, or several in one process",
        (
            "ros2 launch deep_perception perception.launch.py image:=/camera/image_raw\n"
            "ros2 launch deep_perception perception.launch.py image:=/camera/image_raw tasks:=detector,segmenter"
        ),
    ),
    (
        "The same again, to look at with RViz (config/perception.rviz)",
        "ros2 launch deep_perception demo.launch.py",
    ),
    (
        "The networks to choose from, and what decides whether a robot sees",
        "deep_perception models\ndeep_perception doctor",
    ),
)


TITLES = {
    "classification": "Classification",
    "detection": "Detection",
    "instance_segmentation": "Instance segmentation",
    "semantic_segmentation": "Semantic segmentation",
    "colorization": "Colorization",
    "super_resolution": "Super-resolution",
}
EXPLAINED = {
    "classification": "What the table top is made of.",
    "detection": "Taken at even times, whatever was found. Things mostly hidden count neither way, and are not marked.",
    "instance_segmentation": "The same things, and which pixels belong to each.",
    "semantic_segmentation": "The class of each pixel; the legend tells the share of the picture.",
    "colorization": "The colorizer looks at the gray picture only. A red and a green thing of equal brightness "
    "look alike to it, so that it gives both the colour that is likeliest.",
    "super_resolution": "The middle of the picture, enlarged: as it is, by bicubic interpolation, and by the network. "
    "Nobody knows the large truth; made small again, the answer must be what the camera saw.",
}
WIDE = 2
"""More pictures than this side by side take the whole width."""


def page(result: Result, pictures: Mapping[str, bytes]) -> str:
    """Write the report; `pictures` are JPEG files by name."""
    body = [_head(result), _topics(result)]
    if result.shots:
        body += [_gallery(result, pictures), _classes(result)]
    body += [_what_ran(result, pictures), _next()]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>deep_perception demo</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _head(result: Result) -> str:
    shortfalls = result.shortfalls()
    verdict = '<span class="verdict bad">FAILED</span>' if shortfalls else '<span class="verdict good">All good</span>'
    complaints = (
        f'<ul class="bad">{"".join(f"<li>{escape(line)}</li>" for line in shortfalls)}</ul>' if shortfalls else ""
    )
    tiles = "".join(
        f'<div class="tile"><b class={"bad" if figure.shortfall() else "plain"}>{figure.text}</b>'
        f"<span>{escape(TITLES[figure.task])}: {escape(figure.name)}, of {figure.judged} answers</span></div>"
        for figure in result.figures
    )
    return (
        f"{verdict}\n<h1>What the robot saw</h1>\n"
        f"<p>A rendered camera looked at table tops for {result.seconds:g} seconds. Six models in one process answered "
        "over real ROS 2, and every answer was compared with the truth of its picture. No model saw these scenes in "
        f'training.</p>\n{complaints}<div class="tiles">{tiles}</div>'
    )


def _topics(result: Result) -> str:
    names = ("topic", "type", "Hz", "age p50 (ms)", "age p95 (ms)", "published", "answered", "skipped", "lost")
    head = "".join(f"<th{' class=text' if name == 'type' else ''}>{name}</th>" for name in names)
    rows = "".join(_topic(stream) for stream in result.streams)
    return (
        "<h2>Topics</h2>\n<p class=soft>Age is the time from the stamp of a picture to the arrival of the message. A "
        "picture is skipped when a newer one is there before the network is free, and lost when nobody knows of "
        "it.</p>\n"
        f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _topic(stream: Stream) -> str:
    figures = [_number(stream.rate_hz, 1), _number(stream.age_p50_ms, 1), _number(stream.age_p95_ms, 1)]
    figures += [_number(count, 0) for count in (stream.published, stream.answered, stream.skipped, stream.lost)]
    cells = "".join(f"<td>{figure}</td>" for figure in figures)
    return f"<tr><td><code>{escape(stream.topic)}</code></td><td class=text>{escape(stream.type)}</td>{cells}</tr>"


def _gallery(result: Result, pictures: Mapping[str, bytes]) -> str:
    tasks = list(dict.fromkeys(shot.task for shot in result.shots))
    return "".join(_of_task(task, [shot for shot in result.shots if shot.task == task], pictures) for task in tasks)


def _of_task(task: str, shots: Sequence[Shot], pictures: Mapping[str, bytes]) -> str:
    cards = "".join(_card(shot, pictures) for shot in shots)
    wide = " wide" if len(shots[0].pictures) > WIDE else ""
    return (
        f"<h2>{escape(TITLES[task])}</h2>\n<p class=soft>{escape(EXPLAINED[task])}</p>\n"
        f'<div class="gallery{wide}">{cards}</div>'
    )


def _card(shot: Shot, pictures: Mapping[str, bytes]) -> str:
    shown = "".join(
        f"<div>{_picture(pictures, name)}<span>{escape(words)}</span></div>" for words, name in shot.pictures
    )
    columns = f"--columns:{len(shot.pictures)}"
    return (
        f'<figure class=card><div class=side style="{columns}">{shown}</div>'
        f"<figcaption>{escape(shot.words)}</figcaption></figure>"
    )


def _classes(result: Result) -> str:
    bound = next((figure.least for figure in result.figures if figure.task == "detection"), 0.0)
    rows = "".join(_class(name, counts) for name, counts in sorted(result.classes.items()))
    head = "<th>class</th><th>found</th><th>missed</th><th>wrong</th><th>precision</th><th>recall</th><th></th>"
    return (
        f"<h2>Boxes by class</h2>\n<p class=soft>A box is right when it overlaps a true one of its class by at least "
        f"{result.iou_threshold:g} (IoU); boxes that score at least {result.score_threshold:g} are published. Below "
        f"{bound:.2f} for all classes together the demo fails.</p>\n"
        f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _class(name: str, counts: Counts) -> str:
    figures = (counts.found, counts.missed, counts.wrong, f"{counts.precision:.3f}", f"{counts.recall:.3f}")
    cells = "".join(f"<td>{figure}</td>" for figure in figures)
    return f'<tr><td>{escape(name)}</td>{cells}<td class=bar><i style="--share:{counts.recall:.1%}"></i></td></tr>'


def _what_ran(result: Result, pictures: Mapping[str, bytes]) -> str:
    facts = ((escape(name), escape(text)) for name, text in result.facts.items())
    rows = (f"<tr><td>{name}</td><td class=text>{text}</td></tr>" for name, text in facts)
    drawn = ""
    if result.annotated:
        words = "As the node draws it on <code>image_annotated</code> while somebody looks"
        picture = _picture(pictures, result.annotated)
        drawn = f"<figure class=card>{picture}<figcaption><span class=soft>{words}</span></figcaption></figure>"
    return (
        "<h2>What ran</h2>\n<div class=split><div><p>Two processes that only talk through ROS topics, in a domain of "
        "their own: <code>scene_camera</code> publishes pictures with their truth, <code>perception_container</code> "
        "holds the six nodes, which receive and decode each picture once and take turns on the processor. All were up "
        f"after {result.start_s:.0f} s.</p>"
        f"<div class=scroll><table>{''.join(rows)}</table></div></div>{drawn}</div>"
    )


def _next() -> str:
    steps = "".join(f"<p>{escape(words)}</p><pre><code>{escape(command)}</code></pre>" for words, command in NEXT)
    return f"<h2>What to try next</h2>\n{steps}"


def _picture(pictures: Mapping[str, bytes], name: str) -> str:
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(pictures[name]).decode()}">'


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
