"""The demo's report: one HTML file that needs nothing beside it."""

from collections.abc import Mapping, Sequence
from html import escape

from deep_perception.evaluation.demo_result import Result, Shot, Stream
from deep_perception.evaluation.matching import Counts
from deep_perception.page import document, embedded, steps

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
    return document("deep_perception demo", body)


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
    return f"<h2>What to try next</h2>\n{steps(NEXT)}"


def _picture(pictures: Mapping[str, bytes], name: str) -> str:
    return embedded(pictures[name])


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
