"""TensorFlow Serving's REST API: JSON in, JSON out, the same answers as over gRPC.

`app` (start here) is the web application, `requests` reads bodies, `responses` writes them.
"""
