"""A perception_node in a process of its own, watched from outside."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deep_perception.errors import DeepPerceptionError
from deep_perception.ros.demo_programs import end_with_parent

NODE = "deep_perception.ros.perception_node"
PATIENCE_S = 15.0


class NodeProcess:
    """Runs the node inside a `with`, however that ends; what it says is kept for the case that it fails."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        words = [word for name, value in parameters.items() for word in ("-p", f"{name}:={json.dumps(value)}")]
        self._command = [sys.executable, "-m", NODE, "--ros-args", *words]

    def __enter__(self) -> "NodeProcess":
        self._log = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(self._command, stdout=self._log, stderr=self._log, preexec_fn=end_with_parent)
        return self

    def __exit__(self, *error: object) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def check(self) -> None:
        """Raise DeepPerceptionError when the node has ended."""
        if (code := self._process.poll()) is not None:
            raise DeepPerceptionError(f"perception_node ended with code {code}: {self.last_words()}")

    def last_words(self) -> str:
        """Return the last line that the node wrote."""
        self._log.seek(0)
        return (self._log.read().strip().splitlines() or ["it said nothing"])[-1][:300]

    def cpu_percent(self, seconds: float) -> float:
        """Return the share of one core that the node takes while we wait."""
        before, start = self._cpu_s(), time.monotonic()
        time.sleep(seconds)
        self.check()
        return 100 * (self._cpu_s() - before) / (time.monotonic() - start)

    def memory_mb(self) -> float:
        """Return the resident memory."""
        self.check()
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def _cpu_s(self) -> float:
        # The name of the program, in parentheses, may hold blanks.
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
