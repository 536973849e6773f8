"""How versions come and go, with models that cost nothing to load."""

import shutil
import threading
from types import SimpleNamespace

import grpc
import pytest

from serving.errors import ModelLoadError
from serving.status import RequestError
from serving.versions.served_model import ServedModel
from serving.versions.version_status import State


class Shelf:
    """A base path with versions whose "model" is the text in their saved_model.pb."""

    def __init__(self, base_path):
        self.base_path = base_path
        self.loads: list[int] = []
        self.closed: list[int] = []
        self.changes: list[str] = []

    def put(self, version: int, text: str = "good") -> None:
        directory = self.base_path / str(version)
        directory.mkdir(exist_ok=True)
        (directory / "saved_model.pb").write_text(text)

    def remove(self, version: int) -> None:
        shutil.rmtree(self.base_path / str(version))

    def load(self, directory):
        number = int(directory.name)
        self.loads.append(number)
        if (directory / "saved_model.pb").read_text() != "good":
            raise RuntimeError(f"cannot parse {number}")
        return SimpleNamespace(number=number, close=lambda: self.closed.append(number))

    def serve(self, **options) -> ServedModel:
        def note(status):
            self.changes.append(f"{status.version} {status.state.name}")

        return ServedModel("m", self.base_path, self.load, on_change=note, **options)


@pytest.fixture
def shelf(base_path):
    return Shelf(base_path)


def poll_twice(model):
    """The second look is the one that finds the files unchanged."""
    model.poll()
    model.poll()


def answering(model, version=None):
    with model.borrow(version) as loaded:
        return loaded.number


def test_the_newest_is_served_and_the_old_one_leaves_after_it_came(shelf):
    shelf.put(1)
    model = shelf.serve()
    poll_twice(model)
    assert answering(model) == 1

    shelf.put(2)
    poll_twice(model)

    assert answering(model) == 2
    assert shelf.changes == ["1 LOADING", "1 AVAILABLE", "2 LOADING", "2 AVAILABLE", "1 UNLOADING", "1 END"]
    assert [(status.version, status.state) for status in model.statuses()] == [
        (2, State.AVAILABLE),
        (1, State.END),
    ]


def test_a_version_is_left_alone_while_it_is_written(shelf):
    model = shelf.serve()
    for text in ("g", "go", "goo", "good"):
        shelf.put(1, text)
        model.poll()
        assert shelf.loads == []
    model.poll()
    assert shelf.loads == [1]


def test_a_failed_load_keeps_the_old_version_and_a_repaired_one_is_picked_up(shelf):
    shelf.put(1)
    model = shelf.serve()
    poll_twice(model)

    shelf.put(2, "bad")
    poll_twice(model)
    model.poll()
    assert answering(model) == 1
    newest = model.statuses()[0]
    assert (newest.version, newest.state, newest.failed) == (2, State.END, True)
    assert newest.error.message == "RuntimeError: cannot parse 2"
    assert shelf.loads == [1, 2], "unchanged files are not tried again at every look"

    shelf.put(2, "good")
    poll_twice(model)
    assert answering(model) == 2
    assert model.statuses()[0].error is None


def test_a_failed_version_is_tried_again_after_a_while(shelf):
    shelf.put(1, "bad")
    model = shelf.serve(retry_interval_s=0.0)

    poll_twice(model)
    model.poll()

    assert shelf.loads == [1, 1]


def test_deleting_the_newest_rolls_back(shelf):
    shelf.put(1)
    shelf.put(2)
    model = shelf.serve()
    poll_twice(model)
    assert answering(model) == 2

    shelf.remove(2)
    poll_twice(model)

    assert answering(model) == 1
    assert shelf.closed == [2]


def test_a_vanished_base_path_keeps_serving_and_an_empty_one_does_not(shelf):
    shelf.put(1)
    model = shelf.serve()
    poll_twice(model)

    shutil.rmtree(shelf.base_path)
    poll_twice(model)
    assert answering(model) == 1

    shelf.base_path.mkdir()
    poll_twice(model)
    with pytest.raises(RequestError, match=r"Latest\(m\)"):
        answering(model)


def test_a_version_in_use_is_closed_by_its_last_user(shelf):
    shelf.put(1)
    model = shelf.serve()
    poll_twice(model)

    with model.borrow() as first, model.borrow() as second:
        shelf.put(2)
        poll_twice(model)
        assert (first.number, second.number, answering(model)) == (1, 1, 2)
        assert shelf.closed == []
    assert shelf.closed == [1]


def test_several_versions_can_be_served(shelf):
    from serving.versions.policy import latest

    for version in (1, 2, 3):
        shelf.put(version)
    model = shelf.serve(policy=latest(2))
    poll_twice(model)

    assert (answering(model), answering(model, 2), answering(model, 3)) == (3, 2, 3)
    with pytest.raises(RequestError) as caught:
        answering(model, 1)
    assert caught.value.code is grpc.StatusCode.NOT_FOUND
    assert caught.value.message == "Servable not found for request: Specific(m, 1)"


def test_waiting_ends_when_a_version_is_there(shelf):
    model = shelf.serve(poll_interval_s=0.01)
    model.start()
    threading.Timer(0.1, shelf.put, [4]).start()

    assert model.wait_until_available(10) == 4
    model.stop()
    assert shelf.closed == [4]


def test_waiting_ends_with_the_reason(shelf):
    model = shelf.serve(poll_interval_s=0.01)
    model.start()
    with pytest.raises(ModelLoadError, match=r"not available after 0.05 s: no complete version in"):
        model.wait_until_available(0.05)
    shelf.put(1, "bad")
    with pytest.raises(ModelLoadError, match=r"version 1 failed to load: RuntimeError: cannot parse 1"):
        model.wait_until_available(10)
    model.stop()


def test_a_watcher_survives_what_it_did_not_expect(shelf):
    looks = []

    def policy(found):
        looks.append(found)
        if len(looks) == 1:
            raise ZeroDivisionError
        return set(found)

    shelf.put(1)
    model = shelf.serve(policy=policy, poll_interval_s=0.01)
    model.start()

    assert model.wait_until_available(10) == 1
    model.stop()
