"""The versions of one model while its folder changes, and the models of a server by name.

`served_model` (start here) watches a `base_path` and keeps the right versions loaded; `model_catalog` finds the
version that a request asks for. Nothing here knows of gRPC or of REST.
"""
