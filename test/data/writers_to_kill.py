"""Starts a process that writes to a data set for each line it hears, quickly, since all it needs is loaded.

It says "pid N" of the process, "kept ID" of each picture for which `add` returned, and "gone" when the process is.
"""

import os
import sys
from pathlib import Path

import numpy as np

from deep_perception.data.record import Record, Thing
from deep_perception.data.writer import Writer


def write_for_ever(folder: Path) -> None:
    with Writer(folder) as writer:
        number = len(writer.records)
        while True:
            image = np.full((8, 8, 3), number % 256, np.uint8)
            things = (Thing(f"thing {number // 20}", (0, 0, 4, 4)),)  # a new name now and then: labels.json is written
            record = writer.add(Record(f"{number:05d}", "", 0, 0, things=things), image, pixels=image[:, :, 0])
            os.write(1, f"kept {record.id}\n".encode())
            number += 1


def main(folder: Path) -> None:
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            write_for_ever(folder)
        os.write(1, f"pid {child}\n".encode())
        os.waitpid(child, 0)
        os.write(1, b"gone\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
