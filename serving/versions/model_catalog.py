"""The models of a server by name, and the rules that turn a request's ModelSpec into one loaded version."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tensorflow_serving.apis import model_pb2

from serving.status import invalid, not_found
from serving.versions.loaded_version import LoadedVersion
from serving.versions.served_model import ServedModel
from serving.versions.version_status import VersionStatus


class ModelCatalog:
    """Finds models for requests.

    Args:
        models: the served models by name.
    """

    def __init__(self, models: Mapping[str, ServedModel]):
        self._models = dict(models)

    @contextmanager
    def borrow(self, spec: model_pb2.ModelSpec) -> Iterator[LoadedVersion]:
        """The version that a ModelSpec asks for, kept loaded for the length of a with-block.

        Raises:
            RequestError: NOT_FOUND for an unknown model or version, INVALID_ARGUMENT for a spec without a
                name or with a label that nobody assigned.
        """
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        model = self._models.get(spec.name)
        if model is not None and spec.version_label:
            raise invalid(f"Unrecognized servable version label: {spec.version_label}")
        version = spec.version.value if spec.HasField("version") else None
        if model is None:
            wanted = f"Latest({spec.name})" if version is None else f"Specific({spec.name}, {version})"
            raise not_found(f"Servable not found for request: {wanted}")
        with model.borrow(version) as loaded:
            yield loaded

    def statuses(self, spec: model_pb2.ModelSpec) -> list[VersionStatus]:
        """The state of one version, or of all that were ever tried, the highest first.

        Raises:
            RequestError: NOT_FOUND for an unknown model or version.
        """
        model = self._models.get(spec.name)
        statuses = model.statuses() if model else []
        if spec.HasField("version"):
            number = spec.version.value
            statuses = [status for status in statuses if status.version == number]
            if not statuses:
                raise not_found(f"Could not find version {number} of model {spec.name}")
        if not statuses:
            raise not_found(f"Could not find any versions of model {spec.name}")
        return statuses
