"""Play a recording; `deep_perception play` becomes this program."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from deep_perception.bag_config import PlayConfig
from deep_perception.data.recordings import Recording
from deep_perception.ros.bag_program import run
from deep_perception.ros.keyboard import space_bar
from deep_perception.ros.player import Player


def main() -> int:
    """Play until it is over or a signal ends it."""
    return run("player", play)


def play(node: Node, settings: dict[str, Any], stopped: threading.Event) -> None:
    """Play the recording `bag`, and say at the end how that went."""
    recording = Recording(Path(settings.pop("bag")))
    config = PlayConfig(**settings)
    player = Player(node, recording, config, stopped)
    with _served(node), space_bar(player.toggle) as heard:
        keys = "; the space bar pauses and resumes" if heard else ""
        node.get_logger().info(f"{recording.path}: {'paused' if config.paused else 'playing'}{keys}")
        player.run()
    node.get_logger().info(f"{player.sent} messages sent, at worst {player.latest_s * 1e3:.1f} ms late")
    if recording.damage:
        node.get_logger().warning(recording.damage)


@contextmanager
def _served(node: Node) -> Iterator[None]:
    """Answer the node's service in a thread."""
    executor, over = SingleThreadedExecutor(context=node.context), threading.Event()
    executor.add_node(node)

    def spin() -> None:
        while not over.is_set():
            executor.spin_once(timeout_sec=0.1)

    thread = threading.Thread(target=spin, name="services", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        executor.shutdown()


if __name__ == "__main__":
    sys.exit(main())
