"""The server side and the client side of the TensorFlow Serving API.

Server: `server` (start here) joins `api` (gRPC) and `rest`, which answer from the `versions` of each `model` that
are kept loaded; `model_server` is its command under TensorFlow Serving's own flags, read by `config`. Client:
`client` and `aio_client` (start here), which need neither TensorFlow nor numpy; `video` judges videos with them,
`web` is a page for people. `deploy` is what puts TensorFlow Serving itself into production. `replay` is the check
that a model loads the way TensorFlow Serving loads it.

Nothing here imports `pipeline`, `components` or `data`, nor TFX: what the two sides share with a model is
written in the model's own signatures and assets. Nothing here prints: callers pass a callback.
"""

import os

# TensorFlow reads this once, when any of its modules is first imported; otherwise it greets every server and
# every replay with notes on its build. Real errors reach us as exceptions; an operator's own setting wins.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
