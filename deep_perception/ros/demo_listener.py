"""Hear everything that the demo's camera and nodes say, and compare it with the truth."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo
from sensor_msgs.msg import Image as ImageMessage
from vision_msgs.msg import LabelInfo

from deep_perception import pixels
from deep_perception.evaluation.demo_judges import BoxJudge, Truth
from deep_perception.evaluation.demo_result import Result, Shot, Stream, measure
from deep_perception.predictions import Image
from deep_perception.ros.demo_hearing import EARS, TRUTH, Ear, Gathering, to_truth
from deep_perception.ros.messages import latched, newest_only, reliable
from deep_perception.scenes import LABELS

LABEL_INFO = "detector/label_info"
FACTS = {
    "camera_info": (CameraInfo, newest_only(5)),
    LABEL_INFO: (LabelInfo, latched()),
    "/diagnostics": (DiagnosticArray, reliable(10)),
}
ANSWERS = {topic: kind for ear in EARS for topic, kind in ear.topics.items()}
TOPICS = {
    **{topic: (kind, newest_only(5) if topic == "image" else reliable(50)) for topic, kind in TRUTH.items()},
    **{topic: (kind, reliable(50)) for topic, kind in ANSWERS.items()},
    **FACTS,
}
ANNOTATED = "detector/image_annotated"
ANNOTATED_S = 3.0
"""The node draws only while somebody looks: this long shows that it works, and takes little."""

SHOWN = ("image", "camera_info", *ANSWERS, ANNOTATED, "/diagnostics")
ANSWERED_BY = {"image": "", **{topic: ear.node for ear in EARS for topic in ear.topics}}
"""Topics with a message for each picture, and the node that may skip some."""
NODES = tuple(ear.node for ear in EARS)

RECENT = 60
"""Pictures whose messages are kept until the last answer to them is there."""
SHOTS = 4
"""Answers of each task to look at."""
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 85]


class DemoListener(Node):
    """Keeps when each message came, judges answers as they come, and shows a few."""

    def __init__(self, folder: Path) -> None:
        super().__init__("demo_listener")
        self.arrivals: dict[str, dict[int, int]] = defaultdict(dict)
        self.window = (0, 0)
        self.judges = {ear.node: ear.judge() for ear in EARS}
        self._folder = folder
        self._truths = Gathering(TRUTH, RECENT)
        self._answers = {ear.node: Gathering(ear.topics, RECENT) for ear in EARS}
        self._judged: set[tuple[str, int]] = set()
        self._shots: dict[str, list[Shot]] = {ear.node: [] for ear in EARS}
        self._reports: dict[str, dict[int, Mapping[str, str]]] = defaultdict(dict)
        self._threshold = 0.0
        self._annotated: Subscription | None = None
        self._drawn: Image | None = None
        for topic, (kind, qos) in TOPICS.items():
            self.create_subscription(kind, topic, lambda message, topic=topic: self._hear(topic, message), qos)

    def silent(self) -> tuple[str, ...]:
        """Return the topics on which nothing has come so far; diagnostics must come from every node."""
        topics = tuple(topic for topic in TOPICS if not self.arrivals[topic])
        return topics or tuple(f"/diagnostics of {name}" for name in NODES if not self._dropped(name))

    def open_window(self, seconds: float) -> None:
        """Let pictures that are stamped from now on count, for so long."""
        now = self.now()
        self.window = (now, now + round(seconds * 1e9))
        self._annotated = self.create_subscription(
            ImageMessage, ANNOTATED, lambda message: self._hear(ANNOTATED, message), newest_only(5)
        )

    def is_settled(self) -> bool:
        """Whether the window is over and everything about it has arrived: all nodes have reported since."""
        end = self.window[1]
        return all(self._dropped(name) and max(self._dropped(name)) > end for name in NODES)

    def now(self) -> int:
        """Return the time in nanoseconds."""
        return int(self.get_clock().now().nanoseconds)

    def result(self, seconds: float, start_s: float) -> Result:
        """Sum up."""
        boxes = self.judges["detector"]
        assert isinstance(boxes, BoxJudge)
        return Result(
            seconds,
            start_s,
            self._streams(),
            tuple(figure for judge in self.judges.values() for figure in judge.figures()),
            {LABELS[label]: boxes.classes[label] for label in sorted(boxes.classes)},
            score_threshold=round(self._threshold, 6),
            facts=self._facts(),
            shots=tuple(shot for shots in self._shots.values() for shot in shots),
            annotated=self._write("annotated.jpg", self._drawn) if self._drawn is not None else "",
        )

    # Hearing

    def _hear(self, topic: str, message: Any) -> None:
        stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        self.arrivals[topic][stamp] = self.now()
        if topic in TRUTH:
            self._truths.put(topic, stamp, message)
        elif topic in ANSWERS:
            self._answers[ANSWERED_BY[topic]].put(topic, stamp, message)
        elif topic == LABEL_INFO:
            self._threshold = message.threshold
        elif topic == "/diagnostics":
            self._note(stamp, message)
        elif topic == ANNOTATED:
            self._look(stamp, message)
        if topic in TRUTH or topic in ANSWERS:
            self._judge(stamp)

    def _judge(self, stamp: int) -> None:
        """Compare every answer to this picture that is complete by now, each once."""
        begin, end = self.window
        told = self._truths.complete(stamp) if begin <= stamp < end else None
        if told is None:
            return
        for ear in EARS:
            heard = self._answers[ear.node].complete(stamp)
            if heard is not None and (ear.node, stamp) not in self._judged:
                self._judged.add((ear.node, stamp))
                self._compare(ear, ear.read(heard), to_truth(told), stamp)

    def _compare(self, ear: Ear, answer: Any, truth: Truth, stamp: int) -> None:
        judge, shots = self.judges[ear.node], self._shots[ear.node]
        words = judge.judge(answer, truth)
        begin, end = self.window
        if stamp < begin + len(shots) * (end - begin) // SHOTS or len(shots) == SHOTS:
            return
        pictures = [
            (name, self._write(f"{ear.node}_{len(shots)}_{place}.jpg", image))
            for place, (name, image) in enumerate(judge.show(answer, truth))
        ]
        shots.append(Shot(judge.task, words, tuple(pictures)))

    def _look(self, stamp: int, message: ImageMessage) -> None:
        self._drawn = pixels.to_rgb(message)
        if self._annotated is not None and stamp > self.window[0] + ANNOTATED_S * 1e9:
            self.destroy_subscription(self._annotated)
            self._annotated = None

    def _note(self, stamp: int, message: DiagnosticArray) -> None:
        for status in message.status:
            self._reports[status.name.partition(":")[0]][stamp] = _values(status)

    # Summing up

    def _streams(self) -> tuple[Stream, ...]:
        published = self._within("truth/detections")
        kinds = {topic: kind.__name__ for topic, (kind, _) in TOPICS.items()} | {ANNOTATED: "Image"}
        streams = []
        for topic in SHOWN:
            arrivals = {stamp: self.arrivals[topic][stamp] for stamp in self._within(topic)}
            asked = published if topic in ANSWERED_BY else None
            dropped = self._dropped_within(ANSWERED_BY.get(topic, ""))
            streams.append(measure(topic, kinds[topic], arrivals, asked, dropped))
        return tuple(streams)

    def _within(self, topic: str) -> list[int]:
        """Stamps within the window that were heard on a topic."""
        begin, end = self.window
        return sorted(stamp for stamp in self.arrivals[topic] if begin <= stamp < end)

    def _dropped(self, node: str) -> dict[int, int]:
        return {stamp: int(values["dropped"]) for stamp, values in self._reports[node].items()}

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
        last = {name: list(self._reports[name].values())[-1] for name in NODES}
        return {f"{name} {key}": values[key] for name, values in last.items() for key in ("model", "device")}

    def _write(self, name: str, image: Image) -> str:
        cv2.imwrite(str(self._folder / name), image[..., ::-1], JPEG)
        return name


def _values(status: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}
