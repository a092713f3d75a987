"""The collector as a process: it starts, ends, is killed, and loses nothing that it called saved."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import rclpy
from rclpy.node import Node
from station import EAGER
from std_srvs.srv import Trigger

KILLS = 5


def program(folder: Path, **parameters: object) -> subprocess.Popen:
    given = {**EAGER, "per_minute": 100_000, "per_hour": 1_000_000, "dataset_dir": str(folder), **parameters}
    words = [word for name, value in given.items() for word in ("-p", f"{name}:={json.dumps(value)}")]
    command = [sys.executable, "-m", "deep_perception.ros.collector_node", "--ros-args", *words]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ)


@pytest.fixture
def peer(context: rclpy.Context):
    node = Node("peer", context=context)
    yield node
    node.destroy_node()


def status(peer: Node) -> dict:
    client = peer.create_client(Trigger, "collector/status")
    assert client.wait_for_service(60)
    answer = client.call_async(Trigger.Request())
    rclpy.spin_until_future_complete(peer, answer, timeout_sec=60)
    peer.destroy_client(client)
    return json.loads(answer.result().message)
