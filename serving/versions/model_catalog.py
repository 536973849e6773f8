"""The models of a server by name, and the rules that turn a request's ModelSpec into one loaded version."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
from tensorflow_serving.apis import model_pb2
from tensorflow_serving.config import model_server_config_pb2

from serving.errors import BadInputError, ModelLoadError
from serving.status import RequestError, invalid, not_found
from serving.versions.loaded_version import LoadedVersion
from serving.versions.model_config import checked_models
from serving.versions.policy import policy_of
from serving.versions.served_model import ServedModel
from serving.versions.version_status import VersionStatus

ModelConfig = model_server_config_pb2.ModelConfig
ModelServerConfig = model_server_config_pb2.ModelServerConfig

MakeModel = Callable[[ModelConfig], ServedModel]
"""Makes the (not yet started) model that a configuration describes."""


@dataclass(frozen=True)
class _Entry:
    config: ModelConfig
    model: ServedModel

    @property
    def labels(self) -> Mapping[str, int]:
        return self.config.version_labels


class ModelCatalog:
    """Finds models for requests, and changes which there are.

    Args:
        make: of a configuration.
        labels_ahead: whether a label may be put on a version that is not (yet) available. A label that already
            stands on another version may never be moved to one.
        on_reload: called after each change of the set.
    """

    def __init__(
        self, make: MakeModel, *, labels_ahead: bool = False, on_reload: Callable[[], None] = lambda: None
    ):
        self._make = make
        self._labels_ahead = labels_ahead
        self._on_reload = on_reload
        self._stopping = False
        self._awaited: list[ServedModel] = []  # those that `reload` waits for
        self._entries: dict[str, _Entry] = {}  # replaced whole, never changed: readers need no lock
        self._changing = threading.Lock()

    @property
    def models(self) -> dict[str, ServedModel]:
        """The served models by name, in the order of the configuration."""
        return {name: entry.model for name, entry in self._entries.items()}

    def start(self, config: ModelServerConfig) -> None:
        """Begins to serve the models of a configuration, without waiting for them.

        Raises:
            BadInputError: the configuration is wrong, or a base path is none.
        """
        try:
            entries = {
                one.name: _Entry(one, self._make(one))
                for one in checked_models(config, {}).model_config_list.config
            }
            self._check_labels(entries)
        except RequestError as error:
            raise BadInputError(f"model configuration: {error.message}") from error
        self._entries = entries
        for entry in entries.values():
            entry.model.start()

    def reload(self, config: ModelServerConfig, timeout_s: float | None = None) -> None:
        """Serves another set of models. Returns when each of them answers; a wrong set leaves the old one.

        A model that stays under its name and base path stays loaded; what is new is loaded before what is gone is
        unloaded.

        Raises:
            RequestError: INVALID_ARGUMENT, the configuration is wrong; FAILED_PRECONDITION, a label points to a
                version that is not available; UNKNOWN, a model did not become available.
        """
        with self._changing:
            old = self._entries
            config = checked_models(config, {name: entry.config for name, entry in old.items()})
            new = {one.name: self._entry(one, old.get(one.name)) for one in config.model_config_list.config}
            self._awaited = [entry.model for entry in new.values()]
            if self._stopping:
                raise RequestError(grpc.StatusCode.UNAVAILABLE, "the server is stopping")
            added = [entry.model for name, entry in new.items() if entry.model is not _model(old.get(name))]
            changed = [(entry.model, entry.config) for entry in new.values() if entry.model not in added]
            for model, one in changed:
                model.change(policy_of(one.model_version_policy))
            try:
                for model in added:
                    model.start()
                _wait(new, timeout_s)
                self._check_labels(new)
            except RequestError:
                for model in added:
                    model.stop()
                for entry in old.values():
                    entry.model.change(policy_of(entry.config.model_version_policy))
                raise
            self._entries = new
            for entry in old.values():
                if entry.model is not _model(new.get(entry.config.name)):
                    entry.model.stop()
            self._on_reload()

    def stop(self) -> None:
        """Unloads every model once its requests are answered."""
        # A reload may hold the lock for as long as a folder stays empty.
        self._stopping = True
        for model in self._awaited:
            model.give_up()
        with self._changing:
            for entry in self._entries.values():
                entry.model.stop()

    @contextmanager
    def borrow(self, spec: model_pb2.ModelSpec) -> Iterator[LoadedVersion]:
        """The version that a ModelSpec asks for, kept loaded for the length of a with-block.

        Raises:
            RequestError: NOT_FOUND for an unknown model or version, INVALID_ARGUMENT for a spec without a
                name or with a label that nobody assigned.
        """
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        entry = self._entries.get(spec.name)
        version = _version(spec, entry)
        if entry is None:
            wanted = f"Latest({spec.name})" if version is None else f"Specific({spec.name}, {version})"
            raise not_found(f"Servable not found for request: {wanted}")
        with entry.model.borrow(version) as loaded:
            yield loaded

    def statuses(self, spec: model_pb2.ModelSpec) -> list[VersionStatus]:
        """The state of one version, or of all that were ever tried, the highest first.

        Raises:
            RequestError: NOT_FOUND for an unknown model or version, INVALID_ARGUMENT for an unknown label.
        """
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        entry = self._entries.get(spec.name)
        statuses = entry.model.statuses() if entry else []
        number = _version(spec, entry)
        if number is not None:
            statuses = [status for status in statuses if status.version == number]
            if not statuses:
                raise not_found(f"Could not find version {number} of model {spec.name}")
        if not statuses:
            raise not_found(f"Could not find any versions of model {spec.name}")
        return statuses

    def _entry(self, config: ModelConfig, old: _Entry | None) -> _Entry:
        if old is not None and old.config.base_path == config.base_path:
            return _Entry(config, old.model)
        try:
            return _Entry(config, self._make(config))
        except BadInputError as error:
            raise invalid(str(error)) from error

    def _check_labels(self, entries: Mapping[str, _Entry]) -> None:
        for name, entry in entries.items():
            available = entry.model.available_versions()
            standing = self._entries[name].labels if name in self._entries else {}
            for label, version in entry.labels.items():
                moves = standing.get(label, version) != version
                if version not in available and (moves or not self._labels_ahead):
                    raise RequestError(
                        grpc.StatusCode.FAILED_PRECONDITION,
                        f"Request to assign label to version {version} of model {name}, "
                        "which is not currently available for inference",
                    )


def _model(entry: _Entry | None) -> ServedModel | None:
    return entry.model if entry else None


def _version(spec: model_pb2.ModelSpec, entry: _Entry | None) -> int | None:
    """The number that a spec asks for by itself or by a label; None where it asks for the latest."""
    choice = spec.WhichOneof("version_choice")
    if choice == "version_label" and entry is not None:
        if spec.version_label not in entry.labels:
            raise invalid(f"Unrecognized servable version label: {spec.version_label}")
        return entry.labels[spec.version_label]
    return spec.version.value if choice == "version" else None


def _wait(entries: Mapping[str, _Entry], timeout_s: float | None) -> None:
    """Waits until each model serves what its policy wants of what is there.

    Raises:
        RequestError: UNKNOWN, in TensorFlow Serving's words.
    """
    for name, entry in entries.items():
        try:
            entry.model.wait_until_available(timeout_s)
            entry.model.wait_until_settled(timeout_s)
        except ModelLoadError as error:
            raise RequestError(
                grpc.StatusCode.UNKNOWN,
                f"1 servable(s) did not become available: {{{{name: {name}}} due to {error}}}",
            ) from error
