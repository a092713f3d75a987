"""Hear everything that the demo's camera and nodes say, and compare it with the truth."""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo
from sensor_msgs.msg import Image as ImageMessage
from vision_msgs.msg import Classification, Detection2DArray, LabelInfo

from deep_perception import pixels
from deep_perception.drawing import draw
from deep_perception.evaluation.demo_result import Result, Shot, Stream, measure
from deep_perception.evaluation.matching import Counts, compare, compare_by_class
from deep_perception.predictions import Detections, Image
from deep_perception.ros.demo_programs import CLASSIFIER, DETECTOR
from deep_perception.ros.messages import latched, newest_only, reliable, to_boxes
from deep_perception.scenes import LABELS

TOPICS = {
    "image": (ImageMessage, newest_only(5)),
    "camera_info": (CameraInfo, newest_only(5)),
    "truth/detections": (Detection2DArray, reliable(50)),
    "truth/ignored": (Detection2DArray, reliable(50)),
    "truth/classification": (Classification, reliable(50)),
    "detections": (Detection2DArray, reliable(50)),
    "classification": (Classification, reliable(50)),
    "label_info": (LabelInfo, latched()),
    "/diagnostics": (DiagnosticArray, reliable(10)),
}
ANNOTATED = "image_annotated"
ANNOTATED_S = 3.0
"""The node draws only while somebody looks: this long shows that it works, and takes little."""

SHOWN = ("image", "camera_info", "detections", "classification", ANNOTATED, "/diagnostics")
ANSWERED_BY = {"image": "", "detections": DETECTOR.name, "classification": CLASSIFIER.name}
"""Topics with a message for each picture, and the node that may skip some."""

HEAVY = (ImageMessage, CameraInfo)
RECENT = 20
SHOTS = 8
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 85]


class DemoListener(Node):
    """Keeps when each message came, what the small ones said, and a few pictures."""

    def __init__(self) -> None:
        super().__init__("demo_listener")
        self.arrivals: dict[str, dict[int, int]] = defaultdict(dict)
        self.said: dict[str, dict[int, Any]] = defaultdict(dict)
        self.window = (0, 0)
        self._recent: OrderedDict[int, Image] = OrderedDict()
        self._kept: dict[int, Image] = {}
        self._next_shot = 0
        self._annotated: Subscription | None = None
        self._drawn: Image | None = None
        for topic, (kind, qos) in TOPICS.items():
            self.create_subscription(kind, topic, lambda message, topic=topic: self._hear(topic, message), qos)

    def silent(self) -> tuple[str, ...]:
        """Return the topics on which nothing has come so far; diagnostics must come from every node."""
        topics = tuple(topic for topic in TOPICS if not self.arrivals[topic])
        return topics or tuple(
            f"/diagnostics of {name}" for name in ANSWERED_BY.values() if name and not self._dropped(name)
        )

    def open_window(self, seconds: float) -> None:
        """Let pictures that are stamped from now on count, for so long."""
        now = self.now()
        self.window = (now, now + round(seconds * 1e9))
        self._next_shot = now
        self._annotated = self.create_subscription(
            ImageMessage, ANNOTATED, lambda message: self._hear(ANNOTATED, message), newest_only(5)
        )

    def is_settled(self) -> bool:
        """Whether the window is over and everything about it has arrived: both nodes have reported since."""
        end = self.window[1]
        return all(self._dropped(name) and max(self._dropped(name)) > end for name in ANSWERED_BY.values() if name)

    def now(self) -> int:
        """Return the time in nanoseconds."""
        return int(self.get_clock().now().nanoseconds)

    def result(self, seconds: float, start_s: float, folder: Path) -> Result:
        """Sum up; write the pictures into `folder`."""
        right = [self._is_right(stamp) for stamp in self._stamps("classification", "truth/classification")]
        return Result(
            seconds,
            start_s,
            self._streams(),
            self._classes(),
            score_threshold=round(next(iter(self.said["label_info"].values())).threshold, 6),
            judged=len(right),
            right=sum(right),
            facts=self._facts(),
            shots=tuple(self._shot(stamp, folder) for stamp in sorted(self._kept)),
            annotated=_write(folder / "annotated.jpg", self._drawn),
        )

    # Hearing

    def _hear(self, topic: str, message: Any) -> None:
        stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        self.arrivals[topic][stamp] = self.now()
        if not isinstance(message, HEAVY):
            self.said[topic][stamp] = message
        if topic == "image":
            self._recent[stamp] = pixels.to_rgb(message)
            if len(self._recent) > RECENT:
                self._recent.popitem(last=False)
        elif topic == "detections":
            self._consider(stamp)
        elif topic == ANNOTATED:
            self._look(stamp, message)

    def _consider(self, stamp: int) -> None:
        """Keep the picture of an answer every few seconds."""
        begin, end = self.window
        if self._next_shot <= stamp < end and stamp in self._recent:
            self._kept[stamp] = self._recent[stamp]
            self._next_shot += (end - begin) // SHOTS

    def _look(self, stamp: int, message: ImageMessage) -> None:
        self._drawn = pixels.to_rgb(message)
        if self._annotated is not None and stamp > self.window[0] + ANNOTATED_S * 1e9:
            self.destroy_subscription(self._annotated)
            self._annotated = None

    # Summing up

    def _stamps(self, *topics: str) -> list[int]:
        """Stamps within the window that were heard on all of these topics."""
        begin, end = self.window
        common = set.intersection(*(set(self.arrivals[topic]) for topic in topics))
        return sorted(stamp for stamp in common if begin <= stamp < end)

    def _streams(self) -> tuple[Stream, ...]:
        published = self._stamps("truth/detections")
        kinds = {topic: kind.__name__ for topic, (kind, _) in TOPICS.items()} | {ANNOTATED: "Image"}
        streams = []
        for topic in SHOWN:
            arrivals = {stamp: self.arrivals[topic][stamp] for stamp in self._stamps(topic)}
            asked = published if topic in ANSWERED_BY else None
            streams.append(
                measure(topic, kinds[topic], arrivals, asked, self._dropped_within(ANSWERED_BY.get(topic, "")))
            )
        return tuple(streams)

    def _classes(self) -> dict[str, Counts]:
        counts: dict[int, Counts] = defaultdict(Counts)
        for stamp in self._stamps("detections", "truth/detections", "truth/ignored"):
            found, truth, ignored = (
                self._boxes(topic, stamp) for topic in ("detections", "truth/detections", "truth/ignored")
            )
            for label, count in compare_by_class(found, truth, ignored).items():
                counts[label] += count
        return {LABELS[label]: counts[label] for label in sorted(counts)}

    def _boxes(self, topic: str, stamp: int) -> Detections:
        return to_detections(self.said[topic][stamp])

    def _is_right(self, stamp: int) -> bool:
        answer, truth = (self.said[topic][stamp].results[0] for topic in ("classification", "truth/classification"))
        return bool(answer.class_id == truth.class_id)

    def _shot(self, stamp: int, folder: Path) -> Shot:
        image, found, truth = (
            self._kept[stamp],
            self._boxes("detections", stamp),
            self._boxes("truth/detections", stamp),
        )
        answers = self.said["classification"].get(stamp)
        answer = answers.results[0] if answers else None
        return Shot(
            _write(folder / f"truth_{stamp}.jpg", draw(image, truth, LABELS)),
            _write(folder / f"found_{stamp}.jpg", draw(image, found, LABELS)),
            compare(found, truth, self._boxes("truth/ignored", stamp)),
            self.said["truth/classification"][stamp].results[0].class_id,
            answer.class_id if answer else "",
            round(answer.score, 4) if answer else 0.0,
        )

    # Diagnostics

    def _reports(self, node: str) -> dict[int, Mapping[str, str]]:
        """What a node has told about itself, by stamp."""
        return {
            stamp: _values(status)
            for stamp, message in self.said["/diagnostics"].items()
            for status in message.status
            if status.name.startswith(f"{node}:")
        }

    def _dropped(self, node: str) -> dict[int, int]:
        return {stamp: int(values["dropped"]) for stamp, values in self._reports(node).items()}

    def _dropped_within(self, node: str) -> int:
        """How many pictures a node dropped between its last report before the window and the first one after it."""
        if not (dropped := self._dropped(node)):
            return 0
        begin, end = self.window
        before = max((stamp for stamp in dropped if stamp <= begin), default=min(dropped))
        after = min((stamp for stamp in dropped if stamp >= end), default=max(dropped))
        return dropped[after] - dropped[before]

    def _facts(self) -> dict[str, str]:
        """Return device and model of each node."""
        last = {name: list(self._reports(name).values())[-1] for name in ANSWERED_BY.values() if name}
        return {f"{name} {key}": values[key] for name, values in last.items() for key in ("model", "device")}


def to_detections(message: Detection2DArray) -> Detections:
    """Read boxes of the scenes' things."""
    found = to_boxes(message)
    return Detections(
        np.array([box for _, _, box in found], np.float32).reshape(-1, 4),
        np.array([LABELS.index(name) for name, _, _ in found], np.int64),
        np.array([score for _, score, _ in found], np.float32),
    )


def _values(status: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}


def _write(path: Path, image: Image | None) -> str:
    if image is None:
        return ""
    cv2.imwrite(str(path), image[..., ::-1], JPEG)
    return path.name
