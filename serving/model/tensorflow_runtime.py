"""TensorFlow as this package uses it. Import `tf` from here, and import this before anything else of TensorFlow.

TensorFlow warns that the session loader is deprecated. We use it on purpose: it is the path that TensorFlow
Serving takes (see `session_model`). The C++ library's own messages are silenced in `serving/__init__.py`, but for
those of the import itself, which newer releases write whatever the level is.
"""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def _standard_error_discarded() -> Iterator[None]:
    """By file descriptor, as C++ does not write through Python. What goes wrong still comes as an exception."""
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


with _standard_error_discarded():
    import tensorflow as tf

tf.get_logger().setLevel(logging.ERROR)

__all__ = ["tf"]
