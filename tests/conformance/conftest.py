"""Servers for the checks."""

import contextlib

import pytest
from serving_api import Api

from serving.server import Server


@pytest.fixture(scope="module")
def shared(server):
    """The shared server, which a check must leave as it is: model "m", version 123."""
    api = Api(server)
    yield api
    api.close()


@pytest.fixture
def serve():
    """``serve(models, **options)``: a server of the check's own and the stubs on it, once it is available."""
    with contextlib.ExitStack() as stack:

        def start(what, wait=True, **options) -> Api:
            options = {"poll_interval_s": 0.1, "rest_port": 0} | options
            server = stack.enter_context(Server(what, "m", **options))
            api = Api(server)
            stack.callback(api.close)
            if wait:
                server.wait_until_available(60)
            return api

        yield start
