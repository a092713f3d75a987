"""Tests that talk over real DDS; without ROS the folder is skipped."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("rclpy"):
    import rclpy
    import torch

    @pytest.fixture(autouse=True)
    def same_random_weights() -> None:
        """Let the tiny models of a test be the same in every run."""
        torch.manual_seed(0)

    @pytest.fixture
    def context() -> Iterator[rclpy.Context]:
        """A ROS context of the test's own."""
        context = rclpy.Context()
        rclpy.init(context=context)
        yield context
        rclpy.try_shutdown(context=context)

    other_context = context  # a second participant, as another process is one

else:

    class SkippedModule(pytest.Module):
        """A test file that is not imported, because its imports would fail."""

        def collect(self) -> list[pytest.Item]:
            pytest.skip("rclpy is not installed", allow_module_level=True)

    def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module:
        """Take the place of each file of this folder."""
        return SkippedModule.from_parent(parent, path=module_path)
