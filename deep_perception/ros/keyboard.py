"""The space bar of the terminal that a program was started from."""

import os
import select
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SPACE = b" "
LOOK_S = 0.1


@contextmanager
def space_bar(pressed: Callable[[], None]) -> Iterator[bool]:
    """Call `pressed` at every press, in a thread; yield whether there is a terminal that is ours to read."""
    terminal = sys.stdin.fileno()
    # In the background, touching the terminal would stop the program.
    if not (os.isatty(terminal) and os.tcgetpgrp(terminal) == os.getpgrp()):
        yield False
        return
    usual, over = termios.tcgetattr(terminal), threading.Event()
    tty.setcbreak(terminal)
    thread = threading.Thread(target=_listen, args=(terminal, pressed, over), daemon=True)
    thread.start()
    try:
        yield True
    finally:
        over.set()
        thread.join()
        termios.tcsetattr(terminal, termios.TCSADRAIN, usual)


def _listen(terminal: int, pressed: Callable[[], None], over: threading.Event) -> None:
    while not over.is_set():
        readable, _, _ = select.select([terminal], [], [], LOOK_S)
        if readable and SPACE in os.read(terminal, 64):
            pressed()
