"""Gives the memory of what is no longer served back to the system."""

import contextlib
import ctypes
import gc


def release_unused() -> None:
    """Frees what nothing refers to any more, a version's graph above all.

    Objects of a TensorFlow graph refer to each other in circles, so that Python finds them only when it collects all,
    which it seldom does: a server that reloads would keep several versions' graphs. The C library, too, keeps what is
    freed unless it is asked (glibc; elsewhere it is left as it is).
    """
    gc.collect()
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
