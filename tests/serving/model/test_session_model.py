"""What is left of a version that was closed."""

import weakref

from serving.model.session_model import SessionModel


def test_closed_its_graph_is_gone(detector):
    model = SessionModel.load(detector.directory)
    graph = weakref.ref(model.signatures["serving_bytes"].fetches()["score"].graph)
    assert graph() is not None
    model.close()
    assert graph() is None
