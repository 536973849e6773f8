"""TensorFlow as this package uses it. Import `tf` from here.

TensorFlow warns that the session loader is deprecated. We use it on purpose: it is the path that TensorFlow
Serving takes (see `session_model`). The C++ library's own messages are silenced in `serving/__init__.py`.
"""

import logging

import tensorflow as tf

tf.get_logger().setLevel(logging.ERROR)

__all__ = ["tf"]
