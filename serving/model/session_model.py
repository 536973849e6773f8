"""One version of a model, loaded the way TensorFlow Serving loads it.

`tf.saved_model.load` accepts exports that the model server's session loader refuses (tensorflow#72963), so
the embedded server and the check before a push both go through `tf.compat.v1.saved_model.loader`, each
version in a graph and a session of its own.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import grpc
import numpy as np
from tensorflow.core.framework import tensor_pb2

from serving.cores import usable_cores
from serving.model.memory import release_unused
from serving.model.restored import unrestored_variables
from serving.model.signature import Signature
from serving.model.tensorflow_runtime import tf
from serving.status import RequestError, first_cause, from_exception, invalid

DEFAULT_SIGNATURE = "serving_default"
"""The signature of a request that names none."""


class SessionModel:
    """A loaded version that answers Predict.

    Safe for use by several threads at once. `predict` runs at most `slots` requests together and lets the
    others wait: one worker a core on kernels of one thread each serves more images a second than any other
    split of the cores.

    Args:
        session: a session whose graph holds the model with its variables restored.
        signatures: by name.
        slots: counts the requests that may run at once; pass the same one to all models of a process.
    """

    def __init__(
        self, session: tf.compat.v1.Session, signatures: dict[str, Signature], slots: threading.Semaphore
    ):
        self._session = session
        self._slots = slots
        self.signatures = signatures

    @classmethod
    def load(
        cls,
        directory: str | Path,
        slots: threading.Semaphore | None = None,
        *,
        tags: Sequence[str] = ("serve",),
        intra_op_threads: int = 1,
        inter_op_threads: int = 0,
    ) -> "SessionModel":
        """Loads the SavedModel in a version directory.

        Args:
            directory: the version.
            slots: see above.
            tags: of the graph to load.
            intra_op_threads: threads of one operation.
            inter_op_threads: operations at once; 0 for a core each.

        Raises:
            RequestError: FAILED_PRECONDITION, a variable was not restored; the message names it.
            tf.errors.OpError, OSError, RuntimeError: as the loader does.
        """
        session = tf.compat.v1.Session(
            graph=tf.Graph(), config=_session_config(intra_op_threads, inter_op_threads)
        )
        try:
            with session.graph.as_default():
                meta_graph = tf.compat.v1.saved_model.loader.load(session, list(tags), str(directory))
            signatures = {
                name: Signature(definition, session.graph)
                for name, definition in sorted(meta_graph.signature_def.items())
                if not name.startswith("__")  # __saved_model_init_op and its like are not for clients
            }
            _require_variables(session, signatures.values())
            session.graph.finalize()
        except BaseException:
            session.close()
            raise
        return cls(session, signatures, slots or threading.BoundedSemaphore(usable_cores()))

    def predict(
        self,
        inputs: Mapping[str, tensor_pb2.TensorProto],
        *,
        signature_name: str = "",
        output_filter: Iterable[str] = (),
        timeout_s: float | None = None,
    ) -> dict[str, np.ndarray]:
        """Runs one request.

        Args:
            inputs: tensors by alias of the signature.
            signature_name: empty for `serving_default`.
            output_filter: aliases to compute; all when empty.
            timeout_s: seconds until the client stops waiting; the run is cancelled then. None waits for ever.

        Returns:
            Arrays by output alias; strings as object arrays of bytes.

        Raises:
            RequestError: with the code and message that TensorFlow Serving would answer.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        name = signature_name or DEFAULT_SIGNATURE
        if name not in self.signatures:
            raise RequestError(
                grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.'
            )
        feeds = self.signatures[name].feeds(inputs)
        fetches = self.signatures[name].fetches(output_filter)
        with self.slot(deadline):
            return self.run(fetches, feeds, deadline)

    def run(
        self, fetches: dict[str, tf.Tensor], feeds: dict[tf.Tensor, np.ndarray], deadline: float | None
    ) -> dict[str, np.ndarray]:
        """Runs checked feeds, for a caller that holds a slot; the deadline is in monotonic time.

        Raises:
            RequestError: as `predict`.
        """
        options = tf.compat.v1.RunOptions(timeout_in_ms=_remaining_ms(deadline))
        try:
            return self._session.run(fetches, feeds, options=options)
        except tf.errors.OpError as error:
            raise from_exception(error) from error
        except UnicodeDecodeError as error:
            # TensorFlow quotes bytes of the request in its message, and fails to turn that into an exception.
            raise invalid(first_cause(error.object.decode("utf-8", "replace"))) from error

    def close(self) -> None:
        """Frees the variables and the graph. No `predict` may be running or follow."""
        self._session.close()
        del self._session
        self.signatures.clear()
        release_unused()

    @contextmanager
    def slot(self, deadline: float | None) -> Iterator[None]:
        """A place among the requests that run at once, for the length of a with-block.

        Raises:
            RequestError: DEADLINE_EXCEEDED, none came free in time.
        """
        patience = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not self._slots.acquire(timeout=patience):
            raise _deadline_exceeded("waiting for a free worker")
        try:
            yield
        finally:
            self._slots.release()


def _remaining_ms(deadline: float | None) -> int:
    if deadline is None:
        return 0  # TensorFlow's word for no limit
    remaining = int((deadline - time.monotonic()) * 1000)
    if remaining <= 0:
        raise _deadline_exceeded("before the model ran")
    return remaining


def _deadline_exceeded(when: str) -> RequestError:
    return RequestError(grpc.StatusCode.DEADLINE_EXCEEDED, f"the client's deadline passed {when}")


def _require_variables(session: tf.compat.v1.Session, signatures: Iterable[Signature]) -> None:
    outputs = [tensor for signature in signatures for tensor in signature.fetches().values()]
    lost = unrestored_variables(session, outputs)
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise RequestError(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"Could not find variable {lost[0]}{more}: the export lost it; a session cannot restore what "
            "tf.saved_model.save writes for a Keras 3 model, export it with keras.export.ExportArchive",
        )


def _session_config(intra_op_threads: int, inter_op_threads: int) -> tf.compat.v1.ConfigProto:
    config = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=intra_op_threads,
        inter_op_parallelism_threads=inter_op_threads or usable_cores(),
        # Without this the first session of the process sets the inter-op threads of all.
        use_per_session_threads=True,
        allow_soft_placement=True,
    )
    # Two versions are in memory during a swap: neither may take the whole GPU.
    config.gpu_options.allow_growth = True
    return config
