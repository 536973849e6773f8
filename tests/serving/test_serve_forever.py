"""A file of models that is looked at again: changes are served, mistakes are told once and change nothing."""

import signal
import threading
from types import SimpleNamespace

import pytest
from serving_api import wait_until

from serving import serve_forever
from serving.config.files import read_models
from serving.server_options import ServerOptions
from serving.status import invalid


def models(*names) -> str:
    config = 'config {{ name: "{0}" base_path: "/{0}" model_platform: "tensorflow" }}'
    return f"model_config_list {{ {' '.join(config.format(name) for name in names)} }}"


class Watched:
    """A server that only notes what it is told to serve."""

    def __init__(self, path, *, refuse=()):
        self.path, self.said, self.reloads, self.refuse = path, [], [], refuse
        self.stop = threading.Event()
        path.write_text(models("a"))
        self.thread = threading.Thread(
            target=serve_forever._watch,
            args=(self, read_models(path), path, 0.01, self.stop, self.said.append),
        )
        self.thread.start()

    def reload(self, config, timeout_s):
        names = [one.name for one in config.model_config_list.config]
        self.reloads.append(names)
        if names[0] in self.refuse:
            raise invalid(f"no {names[0]}")

    def write(self, text):
        """At once: half of a file would be one more change."""
        new = self.path.with_suffix(".new")
        new.write_text(text)
        new.replace(self.path)

    def pause(self):
        """Long enough for several looks."""
        threading.Event().wait(0.1)


@pytest.fixture
def watch(tmp_path):
    made = []

    def watch(**options):
        made.append(Watched(tmp_path / "models.config", **options))
        return made[-1]

    yield watch
    for one in made:
        one.stop.set()
        one.thread.join()


def test_a_change_is_served_once(watch):
    server = watch()
    server.pause()
    assert server.reloads == []
    server.write("# the same\n" + models("a"))
    server.pause()
    assert server.reloads == []
    server.write(models("a", "b"))
    wait_until(lambda: server.said)
    server.pause()
    assert server.reloads == [["a", "b"]]
    assert server.said == [f"{server.path}: its models are served now"]


def test_a_broken_file_is_told_once_and_changes_nothing(watch):
    server = watch()
    server.write("model_config_list {")
    wait_until(lambda: server.said)
    server.pause()
    server.path.unlink()
    wait_until(lambda: len(server.said) == 2)
    server.pause()
    assert server.reloads == []
    broken, gone = server.said
    assert "Invalid protobuf file" in broken
    assert "cannot be read: No such file or directory; what was served before stays" in gone
    server.write(models("a"))
    server.pause()
    assert server.reloads == []
    server.write(models("b"))
    wait_until(lambda: server.reloads == [["b"]])


def test_a_set_that_cannot_be_served_is_told_once_and_tried_again(watch):
    server = watch(refuse={"x"})
    server.write(models("x"))
    wait_until(lambda: len(server.reloads) > 3)
    assert server.said == [f"{server.path}: no x; what was served before stays"]
    server.refuse = ()  # its folder has come
    wait_until(lambda: len(server.said) == 2)
    assert server.said[1] == f"{server.path}: its models are served now"


def test_whatever_fails_the_file_is_looked_at_again(watch, monkeypatch):
    server = watch()
    reload = server.reload

    def fail(*arguments):
        monkeypatch.setattr(server, "reload", reload)
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(server, "reload", fail)
    server.write(models("b"))
    wait_until(lambda: server.reloads == [["b"]])


def test_a_real_server_takes_a_change_up_and_keeps_the_old_set_over_a_mistake(detector, base_path, tmp_path):
    from serving.server import Server

    other = tmp_path / "other"
    other.mkdir()
    detector.push(base_path, 1)
    detector.push(other, 2)
    file, said, stop = tmp_path / "models.config", [], threading.Event()

    def write(name, path):
        new = tmp_path / "new"
        new.write_text(models(name).replace(f'"/{name}"', f'"{path}"'))
        new.replace(file)
        return read_models(file)

    with Server(write("a", base_path), options=ServerOptions(poll_interval_s=0.05)) as server:
        server.wait_until_available(60)
        served = read_models(file)
        watching = threading.Thread(
            target=serve_forever._watch, args=(server, served, file, 0.05, stop, said.append)
        )
        watching.start()
        write("b", tmp_path / "gone")
        wait_until(lambda: said)
        assert "Could not find base path" in said[0]
        assert [status.version for status in server.statuses("a")] == [1]
        write("b", other)
        wait_until(lambda: len(said) == 2)
        assert server.statuses("b")[0].version == 2
        stop.set()
        watching.join()


def test_what_runs_beside_the_server_is_ended_and_signals_are_given_back(monkeypatch, tmp_path):
    events = []

    class Stub:
        address, rest_port = "here:1", 2

        def __init__(self, models, options):
            events.append("server")

        def stop(self, grace_s):
            events.append(f"stop {grace_s:g}")

    def beside(server):
        events.append("beside")
        # Not a real signal: the process that runs the tests may have other things to do with it.
        signal.getsignal(signal.SIGTERM)(signal.SIGTERM, None)
        return lambda: events.append("end")

    monkeypatch.setattr(serve_forever, "Server", Stub)
    before = signal.getsignal(signal.SIGTERM)
    said = []
    config = SimpleNamespace(
        model_config_list=SimpleNamespace(config=[SimpleNamespace(name="m", base_path=tmp_path)])
    )
    serve_forever.serve_forever(config, ServerOptions(), grace_s=3, announce=said.append, also=beside)
    assert events == ["server", "beside", "end", "stop 3"]
    assert said[0] == f"serving model m from {tmp_path} at here:1 (gRPC), 127.0.0.1:2 (REST)"
    assert signal.getsignal(signal.SIGTERM) is before

    def fails(server):
        raise OSError("no port")

    with pytest.raises(OSError, match="no port"):
        serve_forever.serve_forever(config, ServerOptions(), also=fails)
    assert events[-1] == "stop 0"
    assert signal.getsignal(signal.SIGTERM) is before
