"""How many processor cores there are to use."""

import os


def usable_cores() -> int:
    """How many CPU cores this process may use."""
    return len(os.sched_getaffinity(0))
