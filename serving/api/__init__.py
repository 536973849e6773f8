"""TensorFlow Serving's gRPC services, answered from the models of a catalog.

`prediction_service` and `model_service` are the services; `rpc` is what every handler does around its answer.
"""
