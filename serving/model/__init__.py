"""One version of a model: loaded as TensorFlow Serving loads it, asked through its signatures.

`session_model` (start here) holds a session and its `signature`s; `warmup` replays the requests that a version brings
along. Nothing here knows of other versions, of gRPC or of REST.
"""
