"""How a process behaves that shares the work of another: quiet, on one core, and never left behind."""

import multiprocessing
import os
import signal
import threading

import cv2
import torch


def behave() -> None:
    """Leave Ctrl-C and the other cores to the parent, and end when it ends, however that happens."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
