"""The process that holds the model, seen from our side: starts it, talks to it, and leaves nothing of it behind."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from data.errors import BadInputError, MakerError

#: What the process runs; may be given to any Python that has PyTorch and diffusers.
SCRIPT = Path(__file__).parent / "worker.py"

_LONGEST_LINE = 1 << 16
_LINES_SHOWN = 5
_GRACE_S = 5.0
# Nothing is ever fetched, and nothing told, by the libraries; the last gives cuBLAS one order of summing.
_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}
_USERS_MISTAKES = ("environment", "device", "weights")


class WorkerProcess:
    """OmniGen in a process of its own; a context manager that ends it.

    The process ends when ours does, however that comes about: it watches the socket between the two. After an error
    it is of no more use.

    Args:
        python: of the environment with PyTorch.
        silence_s: seconds in which no word comes from it, after which it counts as hung. It gives one after each step
            of denoising, and none while it loads its weights.
        script: what it runs.
    """

    def __init__(self, python: Path, silence_s: float, script: Path = SCRIPT):
        self._silence_s = silence_s
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process runs
        ours, its = socket.socketpair()
        try:
            with its:
                self._process = subprocess.Popen(  # noqa: S603 - our own script, no shell
                    # Isolated: neither variables of ours for Python nor the folder it starts in add modules to it.
                    [str(python), "-I", str(script)],
                    stdin=its,
                    stdout=its,
                    stderr=self._log,
                    env=os.environ | _ENVIRONMENT,
                    # Ctrl-C reaches it only through us.
                    start_new_session=True,
                )
        except OSError as error:
            ours.close()
            self._log.close()
            raise BadInputError(
                f"Expected a Python that starts, received {python}: {error.strerror}."
            ) from error
        ours.settimeout(silence_s)
        self._socket, self._answers = ours, ours.makefile("rb")

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self, **options: str) -> dict:
        """Tells it what to load later, and learns what it chose.

        Args:
            options: model, device, dtype and offload, as the worker's ``Editor`` has them.

        Returns:
            ``{"device": .., "dtype": .., "libraries": {..}}``.

        Raises:
            BadInputError: its environment lacks something, or the machine has no such device.
            MakerError: it died, hung or said something else.
        """
        return self._told("starting", {"do": "start", **options}, ("device", "dtype", "libraries"))

    def edit(self, pixels: np.ndarray, **options) -> np.ndarray:
        """Has one image edited.

        Args:
            pixels: uint8 ``[H, W, 3]``, both multiples of 16.
            options: prompt, seed, steps, guidance and image_guidance.

        Returns:
            uint8 ``[H, W, 3]``, of the same size.

        Raises:
            BadInputError: the weights cannot be loaded.
            MakerError: it died, hung, ran out of memory or said something else.
        """
        doing = f"editing an image of {pixels.shape[1]} by {pixels.shape[0]}"
        order = {"do": "edit", "size": list(pixels.shape[:2]), **options}
        size = self._told(doing, order, ("size",), np.ascontiguousarray(pixels).tobytes())["size"]
        if size != list(pixels.shape[:2]):
            raise self._failure(
                doing, f"expected an image of {list(pixels.shape[:2])}, received one of {size}"
            )
        content = self._received(doing, self._answers.read, pixels.size)
        if len(content) != pixels.size:
            raise self._failure(doing, self._end())
        return np.frombuffer(bytearray(content), np.uint8).reshape(pixels.shape)

    def close(self) -> None:
        """Ends it: politely, after five seconds by force."""
        self._answers.close()
        self._socket.close()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._kill()
        except BaseException:
            # Ctrl-C, again.
            self._kill()
            raise
        finally:
            self._log.close()

    def __enter__(self) -> "WorkerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _told(self, doing: str, order: dict, keys: tuple[str, ...], content: bytes = b"") -> dict:
        """Gives an order and waits for the answer that has these keys; signs of life before it are passed over."""
        self._received(doing, self._socket.sendall, json.dumps(order).encode() + b"\n" + content)
        while True:
            line = self._received(doing, self._answers.readline, _LONGEST_LINE)
            if not line:
                raise self._failure(doing, self._end())
            try:
                answer = json.loads(line)
            except (ValueError, RecursionError):
                answer = None
            if not isinstance(answer, dict):
                raise self._failure(doing, f"expected a line of JSON from it, received {line[:80]!r}")
            if "error" in answer:
                raise self._refused(doing, str(answer["error"]), answer.get("kind"))
            if all(key in answer for key in keys):
                return answer
            if "step" not in answer:
                raise self._failure(doing, f"expected {' and '.join(keys)} from it, received {line[:80]!r}")

    def _received(self, doing: str, talk, argument):
        try:
            return talk(argument)
        except TimeoutError:
            self._kill()
            raise self._failure(
                doing, f"gave no sign of life for {self._silence_s:g} s and was ended"
            ) from None
        except ConnectionError:
            raise self._failure(doing, self._end()) from None

    def _refused(self, doing: str, message: str, kind: str | None) -> Exception:
        # It ends by itself, with a traceback in its log.
        self._end()
        if kind == "environment":
            return BadInputError(
                f"Expected a Python with PyTorch and diffusers, received {self._process.args[0]}: {message}. "
                "Run `make setup-omnigen`."
            )
        if kind in _USERS_MISTAKES:
            return BadInputError(f"Expected {kind} that OmniGen can use, received: {message}.")
        if kind == "memory":
            message += ". Try offload 'sequential', or smaller images"
        return self._failure(doing, message)

    def _end(self) -> str:
        """How it ended, in words."""
        try:
            code = self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._kill()
            return "closed the connection and was ended"
        if code == -signal.SIGKILL:
            return "was killed by SIGKILL, as happens when memory runs out"
        return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"

    def _failure(self, doing: str, what: str) -> MakerError:
        said = "".join(f"\n    {line}" for line in self._last_lines())
        return MakerError(
            f"OmniGen's process, {doing}: {what}. What was made before is kept; the same call goes on."
            + (f" The last it wrote to its log:{said}" if said else "")
        )

    def _last_lines(self) -> list[str]:
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - 4096))
        lines = self._log.read().decode(errors="replace").splitlines()
        return [line for line in lines if line.strip()][-_LINES_SHOWN:]

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
