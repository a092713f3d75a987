"""Recognise that memory ran out, which each device says in its own way."""

import re

import torch

WORDS = re.compile("out of memory|not enough memory|can't allocate memory|ALLOC_FAILED", re.IGNORECASE)


def is_lack_of_memory(err: BaseException) -> bool:
    """Tell whether this error says that memory ran out, on whatever device."""
    return isinstance(err, (MemoryError, torch.OutOfMemoryError)) or bool(WORDS.search(str(err)))
