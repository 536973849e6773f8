"""The few values that a server and its clients must agree on when neither is told otherwise."""

MODEL_NAME = "deepfake-inspector"
"""Name under which a model is served; part of every request."""

GRPC_PORT = 8500
"""Port of the gRPC interface, the same as TensorFlow Serving's."""

REST_PORT = 8501
"""Port of the REST interface, where TensorFlow Serving has it by custom."""

SIGNATURE = "serving_bytes"
"""Signature that takes JPEG or PNG bytes (`image_bytes`) and answers `score`, `decision` and `threshold`."""

EXPLAIN_SIGNATURE = "explain"
"""Signature that takes the same and answers `score` and `map`: where the detector looked."""
