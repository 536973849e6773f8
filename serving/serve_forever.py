"""Serves until told to stop, and says what happens."""

import gc
import logging
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from serving.config.files import read_models
from serving.errors import BadInputError
from serving.server import ModelServerConfig, Server
from serving.server_options import ServerOptions
from serving.status import RequestError
from serving.versions.base_path import find_versions

_log = logging.getLogger(__name__)

_RELOAD_S = (
    300.0  # for the models of a changed file to come up; without an end, a correction would never be read
)
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

Announce = Callable[[str], None]
"""Called with one line of text, without line end, at each event; it may be called from several threads."""


def serve_forever(
    models: ModelServerConfig,
    options: ServerOptions,
    *,
    grace_s: float = 30.0,
    models_file: tuple[Path, float] | None = None,
    announce: Announce = lambda line: None,
    also: Callable[[Server], Callable[[], None]] | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT, then lets the calls in flight finish. Call it from the main thread.

    Args:
        models: to serve.
        options: of the server.
        grace_s: how long calls in flight may take after the signal.
        models_file: a file of models to look at every so many seconds; what changed there is served then.
        announce: told about listening, waiting for a version, stopping; `ServerOptions.on_change` about versions.
        also: starts something beside the server, and returns what ends it.

    Raises:
        BadInputError: as `Server`.
    """
    # Python collects all only once its objects grew by a quarter: without TensorFlow's million, it does so in time.
    gc.freeze()
    stop = threading.Event()
    handlers = {number: signal.signal(number, lambda *_: stop.set()) for number in _STOP_SIGNALS}
    try:
        server = Server(models, options=options)
        for one in models.model_config_list.config:
            rest = f", {options.host}:{server.rest_port} (REST)" if server.rest_port else ""
            announce(f"serving model {one.name} from {one.base_path} at {server.address} (gRPC){rest}")
            if not find_versions(Path(one.base_path)):
                announce(f"no version in {one.base_path} yet: waiting for the pipeline to push one")
        try:
            end = also(server) if also else lambda: None
        except BaseException:
            server.stop(0)
            raise
        if models_file:
            watcher = threading.Thread(
                target=_watch, args=(server, models, *models_file, stop, announce), daemon=True
            )
            watcher.start()
        stop.wait()
        announce(f"stopping: calls in flight have {grace_s:g} s to finish")
        end()
        server.stop(grace_s)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _watch(
    server: Server,
    served: ModelServerConfig,
    path: Path,
    every_s: float,
    stop: threading.Event,
    announce: Announce,
) -> None:
    failed: ModelServerConfig | str | None = None
    while not stop.wait(every_s):
        try:
            now = read_models(path)
            if now in (served, failed):
                continue
            server.reload(now, _RELOAD_S)
            served, failed = now, None
            announce(f"{path}: its models are served now")
        except (BadInputError, RequestError) as error:
            if str(error) != failed:
                announce(f"{path}: {error}; what was served before stays")
            failed = str(error)
        except Exception:  # a dead watcher would leave every later change unread, without a word
            _log.exception("serving what %s says failed; trying again", path)
