"""Makes a version ready to answer: loaded, and warm."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from serving.cores import usable_cores
from serving.metrics import Metrics
from serving.model import warmup
from serving.model.openvino_model import accelerated
from serving.model.session_model import SessionModel
from serving.server_options import ServerOptions
from serving.status import from_exception


def load_and_warm_up(
    directory: Path, slots: threading.Semaphore | None = None, options: ServerOptions | None = None
) -> SessionModel:
    """A version that has answered its warm-up requests.

    Args:
        directory: the version.
        slots: see `SessionModel`.
        options: of the server.

    Raises:
        Exception: whatever the loader, or the model on a warm-up request, fails with.
    """
    options = options or ServerOptions()
    model = SessionModel.load(
        directory,
        slots,
        tags=options.tags,
        intra_op_threads=options.intra_op_threads,
        inter_op_threads=options.inter_op_threads,
    )
    try:
        if options.backend == "openvino":
            model = accelerated(model, directory, options.workers or usable_cores())
        if options.warm_up:
            for _ in warmup.replay(model, directory):
                pass
    except BaseException:
        model.close()
        raise
    return model


def counted_loader(
    name: str, slots: threading.Semaphore, options: ServerOptions, metrics: Metrics
) -> Callable[[Path], SessionModel]:
    """A loader for the versions of one model that counts and times what it does."""

    def load(directory: Path) -> SessionModel:
        began = time.monotonic()
        status = "OK"
        try:
            return load_and_warm_up(directory, slots, options)
        except Exception as error:
            status = from_exception(error).code.name
            raise
        finally:
            metrics.load(name, status, time.monotonic() - began)

    return load
