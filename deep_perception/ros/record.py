"""Record topics; `deep_perception record` becomes this program."""

import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from rclpy.node import Node

from deep_perception.bag_config import RecordConfig
from deep_perception.data.bag_writer import BagWriter
from deep_perception.ros.bag_program import run
from deep_perception.ros.recorder import Recorder


def main() -> int:
    """Record until a signal ends it."""
    return run("recorder", record)


def record(node: Node, settings: dict[str, Any], stopped: threading.Event) -> None:
    """Record, and say at the end what there is; raise StorageError when the disk is full."""
    config = RecordConfig(**settings)
    with closing(BagWriter(Path(config.out), config.compression)) as bag:
        recorder = Recorder(node, config, bag)
        try:
            recorder.run(stopped.is_set)
            bag.finish()
        finally:
            node.get_logger().info(summary(recorder, bag))


def summary(recorder: Recorder, bag: BagWriter) -> str:
    """Say what was recorded."""
    counts = bag.messages
    facts = {
        "topics": len(counts),
        "messages": sum(counts.values()),
        "seconds": f"{bag.duration_s:.1f}",
        "lost on the way": recorder.lost,
        "folder": bag.folder,
    }
    silent = "".join(f"\nnothing was heard on {topic}" for topic in recorder.silent())
    return ", ".join(f"{name}: {value}" for name, value in facts.items()) + silent


if __name__ == "__main__":
    sys.exit(main())
