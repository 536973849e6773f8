"""Keeps the right versions of one model loaded while its base path changes underneath.

The rules are TensorFlow Serving's: a new version is loaded and warmed up first and the old one unloaded after
(two versions are in memory meanwhile); a version that fails to load leaves the old one in place; a base path
that vanishes changes nothing. Unlike it, a version is not touched before its files have stopped changing,
since the Pusher's copy is not atomic, and a failed one is tried again as soon as its files change.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from serving.errors import ModelLoadError
from serving.status import from_exception, not_found
from serving.versions.base_path import Snapshot, find_versions, is_settled, snapshot
from serving.versions.loaded_version import LoadedVersion, Model
from serving.versions.policy import VersionPolicy, latest
from serving.versions.version_status import State, VersionStatus

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Failure:
    """A version that did not load: with which files, when (monotonic), how many times."""

    files: Snapshot
    at_s: float
    times: int


Loader = Callable[[Path], Model]
"""Loads a version directory and warms it up; any exception means that the version cannot be served."""


class ServedModel:
    """The versions of one model.

    `start` begins to watch the base path in a thread of its own; `poll` is one look at it, for tests.

    Args:
        name: as requests call it.
        base_path: holds the version directories; it may be empty, or vanish, at any time.
        load: makes a model of a version directory.
        policy: which of the versions found to serve.
        poll_interval_s: seconds between two looks; 0 looks until what it found is tried, and not again; below 0
            never.
        retries: how often a failed version is tried again although its files did not change; None for ever.
        retry_interval_s: seconds between two such tries.
        on_change: called with each new VersionStatus, from the thread where it happened; keep it short.
    """

    def __init__(
        self,
        name: str,
        base_path: str | Path,
        load: Loader,
        *,
        policy: VersionPolicy | None = None,
        poll_interval_s: float = 1.0,
        retries: int | None = None,
        retry_interval_s: float = 60.0,
        on_change: Callable[[VersionStatus], None] = lambda status: None,
    ):
        self.name = name
        self.base_path = Path(base_path)
        self._load_model = load
        self._policy = policy or latest(1)
        self._poll_interval_s = poll_interval_s
        self._retries = retries
        self._retry_interval_s = retry_interval_s
        self._on_change = on_change
        self._changed = threading.Condition()  # guards the next two
        self._statuses: dict[int, VersionStatus] = {}
        self._loaded: dict[int, LoadedVersion] = {}
        self._seen: dict[int, Snapshot | None] = {}
        self._failures: dict[int, _Failure] = {}
        self._stopping = threading.Event()
        self._look = threading.Event()  # set: do not wait for the interval to pass
        self._watcher = threading.Thread(target=self._watch, name=f"watch-{name}", daemon=True)

    def start(self) -> None:
        """Begins to watch the base path."""
        self._watcher.start()

    def give_up(self) -> None:
        """Ends every wait for this model, and the watching after the load that runs; `stop` must follow."""
        self._stopping.set()
        self._look.set()
        with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        """Stops watching and unloads every version once its requests are answered."""
        self.give_up()
        if self._watcher.ident is not None:
            self._watcher.join()
        for number in list(self._loaded):
            self._unload(number)

    @contextmanager
    def borrow(self, version: int | None = None) -> Iterator[LoadedVersion]:
        """A loaded version for the length of a with-block, during which it is not unloaded.

        Args:
            version: None for the highest available one.

        Raises:
            RequestError: NOT_FOUND, no such version is available.
        """
        with self._changed:
            number = max(self._loaded, default=None) if version is None else version
            loaded = self._loaded.get(number)
            if loaded is None or not loaded.try_borrow():
                wanted = f"Latest({self.name})" if version is None else f"Specific({self.name}, {version})"
                raise not_found(f"Servable not found for request: {wanted}")
        with loaded.borrowed():
            yield loaded

    def statuses(self) -> list[VersionStatus]:
        """Every version ever tried, the highest first."""
        with self._changed:
            return [self._statuses[number] for number in sorted(self._statuses, reverse=True)]

    def wait_until_available(self, timeout_s: float | None = None) -> int:
        """Blocks until some version answers requests, and returns its number (the highest, if several do).

        Raises:
            ModelLoadError: what was found did not load, or nothing was found in time.
        """

        def decided() -> bool:
            states = [status.state for status in self._statuses.values()]
            if self._loaded or self._stopping.is_set():
                return True
            return State.LOADING not in states and any(self._errors())

        with self._changed:
            in_time = self._changed.wait_for(decided, timeout_s)
            if self._loaded:
                return max(self._loaded)
            if self._stopping.is_set():
                raise ModelLoadError(f"model {self.name} is being stopped")
            if in_time:
                raise ModelLoadError(f"model {self.name}: " + "; ".join(self._errors()))
            loading = any(status.state is State.LOADING for status in self._statuses.values())
            found = "a version is still loading" if loading else f"no complete version in {self.base_path}"
            raise ModelLoadError(f"model {self.name} is not available after {timeout_s:g} s: {found}")

    def available_versions(self) -> set[int]:
        """The versions that answer requests."""
        with self._changed:
            return set(self._loaded)

    def wait_until_settled(self, timeout_s: float | None = None) -> None:
        """Blocks until every version that is there and wanted is loaded.

        Raises:
            ModelLoadError: one did not load, or not in time.
        """
        began = time.monotonic()
        while not self._stopping.is_set():
            wanted = self._wanted()
            if wanted <= self.available_versions():
                return
            failed = [str(status) for status in self.statuses() if status.failed and status.version in wanted]
            if failed and self.has_tried_all():
                raise ModelLoadError(f"model {self.name}: " + "; ".join(failed))
            if timeout_s is not None and time.monotonic() - began > timeout_s:
                raise ModelLoadError(
                    f"model {self.name}: {sorted(wanted)} are not loaded after {timeout_s:g} s"
                )
            with self._changed:
                self._changed.wait(0.1)

    def has_tried_all(self) -> bool:
        """Whether every version that is there and wanted is loaded, or failed to load."""
        return self._wanted() <= self.available_versions() | self._failures.keys()

    def poll(self) -> None:
        """Looks at the base path once; loads and unloads what follows from it."""
        try:
            found = find_versions(self.base_path)
        except OSError as error:
            _log.warning("cannot list %s (%s): what is loaded stays", self.base_path, error)
            return
        wanted = self._policy(list(found))
        for number in sorted(wanted, reverse=True):
            if number not in self._loaded and not self._stopping.is_set():
                self._consider(number, found[number])
        if wanted <= self._loaded.keys():
            for number in self._loaded.keys() - wanted:
                self._unload(number)

    def change(self, policy: VersionPolicy) -> None:
        """Serves by another policy from the next look on."""
        self._policy = policy
        self._look.set()

    def _watch(self) -> None:
        if self._poll_interval_s < 0:
            return
        while not self._stopping.is_set():
            self._look.clear()
            try:
                self.poll()
            except Exception:  # a dead watcher would freeze the server at its version without a word
                _log.exception("watching %s failed; trying again", self.base_path)
            if self._poll_interval_s == 0 and self.has_tried_all():
                self._look.wait()
            self._look.wait(self._poll_interval_s or 0.1)

    def _wanted(self) -> set[int]:
        """What the policy chooses of what is there; nothing where the base path has vanished."""
        try:
            return self._policy(list(find_versions(self.base_path)))
        except OSError:
            return set()

    def _consider(self, number: int, directory: Path) -> None:
        now, before = snapshot(directory), self._seen.get(number)
        self._seen[number] = now
        if now is None or not is_settled(now, before):
            return
        failure = self._failures.get(number)
        if failure is not None and failure.files != now:
            failure = None
        if failure is None or self._may_retry(failure):
            self._load(number, directory, now, failure)

    def _may_retry(self, failure: "_Failure") -> bool:
        if self._retries is not None and failure.times > self._retries:
            return False
        return time.monotonic() - failure.at_s >= self._retry_interval_s

    def _load(self, number: int, directory: Path, files: Snapshot, failure: "_Failure | None") -> None:
        self._set(VersionStatus(number, State.LOADING))
        try:
            model = self._load_model(directory)
        except Exception as error:  # whatever a broken export raises must not end the watch
            _log.warning("version %d of %s did not load", number, self.name, exc_info=error)
            self._failures[number] = _Failure(files, time.monotonic(), failure.times + 1 if failure else 1)
            self._set(VersionStatus(number, State.END, from_exception(error)))
            return
        self._failures.pop(number, None)
        ended = VersionStatus(number, State.END)
        loaded = LoadedVersion(number, model, on_closed=lambda: self._set(ended))
        self._set(VersionStatus(number, State.AVAILABLE), loaded)

    def _unload(self, number: int) -> None:
        with self._changed:
            loaded = self._loaded.pop(number)
        self._set(VersionStatus(number, State.UNLOADING))
        loaded.retire()

    def _set(self, status: VersionStatus, loaded: LoadedVersion | None = None) -> None:
        with self._changed:
            self._statuses[status.version] = status
            if loaded is not None:
                self._loaded[status.version] = loaded
            self._changed.notify_all()
        self._on_change(status)

    def _errors(self) -> list[str]:
        return [str(status) for status in self._statuses.values() if status.failed]
