"""Use a network without slowing down the thread that answers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def in_passing_thread(work: Callable[[], Result]) -> Result:
    """Run `work` in a thread that then ends; return or raise what it does.

    OpenMP gives every thread that runs a network workers of its own and keeps them while the thread lives. As soon as
    there are more of them than cores, none waits actively for its share any more, which costs a fifth of the speed.
    """
    with ThreadPoolExecutor(1, "passing") as thread:
        return thread.submit(work).result()
