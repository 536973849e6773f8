"""The server side and the client side of the TensorFlow Serving API.

Server: `server` (start here), which answers gRPC with `prediction_service` and `model_service` from the
versions that `served_model` keeps loaded. Client: `client` (start here), which needs neither TensorFlow nor
numpy. `replay` is the check that a model loads the way TensorFlow Serving loads it.

Nothing here imports `pipeline`, `components` or `data`, nor TFX: what the two sides share with a model is
written in the model's own signatures and assets. Nothing here prints: callers pass a callback.
"""

import os

# TensorFlow reads this once, when any of its modules is first imported; otherwise it greets every server and
# every replay with notes on its build. Real errors reach us as exceptions; an operator's own setting wins.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
