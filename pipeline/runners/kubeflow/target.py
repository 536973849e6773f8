"""A deployment: the one table that says where a compiled pipeline runs and what each node gets there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator

from components.settings import PositiveFloat, PositiveInt, Settings
from pipeline.beam.settings import BeamSettings
from pipeline.errors import ConfigError
from pipeline.runners.kubeflow.references import image_problem
from pipeline.yaml_settings import apply_override, explained, merged, read_keys

TARGET_FOLDER = Path(__file__).parents[2] / "targets"
DEFAULT_TARGET = "default"

NODES = (
    *("ImportExampleGen", "ImportSchemaGen", "StatisticsGen", "ExampleValidator", "DataGate"),
    *("WarmStart", "Transform", "Tuner", "Trainer", "LatestBlessed", "Evaluator"),
    *("Scoring", "ServingCheck", "Pusher", "Report"),
)
"""Ids of all nodes that `pipeline.graph` can make."""

_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_LABEL_KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"


def _pinned(image: str) -> str:
    if problem := image_problem(image):
        raise ValueError(problem)
    return image


Image = Annotated[str, AfterValidator(_pinned)]
Name = Annotated[str, Field(pattern=_NAME, max_length=253)]
LabelKey = Annotated[str, Field(pattern=_LABEL_KEY, max_length=317)]
Variable = Annotated[str, Field(pattern=_VARIABLE)]


class Toleration(Settings):
    """A taint of cluster nodes that the pod tolerates; see Kubernetes' `Toleration`."""

    key: LabelKey | None = None
    operator: Literal["Equal", "Exists"] = "Equal"
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        None, description="default: every effect"
    )

    @model_validator(mode="after")
    def _as_kubernetes_has_it(self) -> "Toleration":
        if self.operator == "Exists" and self.value is not None:
            raise ValueError(f"expected no value with operator Exists, received '{self.value}'")
        if self.operator == "Equal" and (self.key is None or self.value is None):
            raise ValueError("expected key and value with operator Equal; operator: Exists needs no value")
        return self


class SecretVariable(Settings):
    """An environment variable from a Secret: the value stands in the cluster alone."""

    secret: Name = Field(description="name of the Secret")
    key: str = Field(min_length=1, description="of the Secret's data")
    variable: Variable


class Volume(Settings):
    """A PersistentVolumeClaim mounted into the container."""

    claim: Name
    mount_path: Annotated[str, Field(pattern=r"^/[^:]+$")]
    sub_path: str | None = Field(None, description="a folder of the volume; needs a server of 2.15 or later")


class NodeSettings(Settings):
    """What one node gets. Those of the defaults count where a node says nothing."""

    image: Image | None = Field(None, description="another one than that of all nodes")
    cpu: PositiveFloat | None = Field(None, description="most cores")
    cpu_request: PositiveFloat | None = Field(None, description="cores to reserve")
    memory: PositiveFloat | None = Field(None, description="most memory, in GB (10^9 bytes)")
    memory_request: PositiveFloat | None = Field(None, description="memory to reserve, in GB")
    gpus: Annotated[int, Field(ge=0)] = 0
    gpu_type: str = Field(
        "nvidia.com/gpu", description="the cluster's resource name; on Vertex, the accelerator's"
    )
    env: dict[Variable, str] = Field(default_factory=dict)
    cache: bool = Field(True, description="whether the result of an earlier, equal step is taken")
    retries: Annotated[int, Field(ge=0, le=20)] = 0
    retry_after_s: Annotated[int, Field(ge=0, le=3600)] = Field(
        30, description="before the first retry; twice as long before each further one"
    )
    timeout_s: PositiveInt | None = Field(None, description="of one try, with its wait for a machine")
    node_selector: dict[LabelKey, str] = Field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    secrets: tuple[SecretVariable, ...] = ()
    volumes: tuple[Volume, ...] = ()
    labels: dict[LabelKey, str] = Field(default_factory=dict)
    annotations: dict[LabelKey, str] = Field(default_factory=dict)
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    image_pull_secrets: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _requests_within_limits(self) -> "NodeSettings":
        for name in ("cpu", "memory"):
            limit, request = getattr(self, name), getattr(self, f"{name}_request")
            if limit and request and request > limit:
                raise ValueError(f"expected {name}_request at most {name}, {limit}, received {request}")
        return self

    @model_validator(mode="after")
    def _named_once(self) -> "NodeSettings":
        variables = [*self.env, *(one.variable for one in self.secrets)]
        paths = [one.mount_path.rstrip("/") for one in self.volumes]
        for what, names in (("environment variable", variables), ("mount path", paths)):
            if twice := next((one for one in names if names.count(one) > 1), None):
                raise ValueError(f"expected each {what} once, received {twice} more often")
        return self

    @property
    def kubernetes_only(self) -> tuple[str, ...]:
        """Names of what is set here that only Kubernetes can do."""
        names = ("timeout_s", "node_selector", "tolerations", "secrets", "volumes", "labels", "annotations")
        names += ("image_pull_policy", "image_pull_secrets")
        return tuple(name for name in names if getattr(self, name))


class Target(Settings):
    """Where a pipeline runs."""

    description: str = ""
    image: Image | None = Field(None, description="of all nodes, by tag or digest; holds this project")
    pipeline_root: str | None = Field(None, description="URI below which nodes write their artifacts")
    records: str | None = Field(None, description="URI of imported records")
    push_to: str | None = Field(None, description="base path of the served model")
    training_dir: Annotated[str, Field(pattern=r"^/[^:]+$")] | None = Field(
        None, description="where a stopped training goes on from: a folder of a volume"
    )
    beam: BeamSettings | None = Field(
        None, description="where Beam's work is done; default: as in the configuration of the run"
    )
    defaults: NodeSettings = NodeSettings()
    nodes: dict[str, NodeSettings] = Field(default_factory=dict)

    @field_validator("nodes")
    @classmethod
    def _nodes_of_the_graph(cls, nodes: dict[str, NodeSettings]) -> dict[str, NodeSettings]:
        for name in nodes:
            if name not in NODES:
                raise ValueError(f"expected nodes of {', '.join(NODES)}, received '{name}'")
        return nodes

    @model_validator(mode="after")
    def _nodes_can_be_laid_over_the_defaults(self) -> "Target":
        for name in self.nodes:
            try:
                self.of_node(name)
            except ValidationError as error:
                raise ValueError(f"node {name} over defaults: {explained(error)}") from error
        return self

    def of_node(self, name: str) -> NodeSettings:
        """What a node gets: its own settings, over the defaults."""
        own = self.nodes[name].model_dump(exclude_unset=True) if name in self.nodes else {}
        return NodeSettings.model_validate(self.defaults.model_dump(exclude_unset=True) | own)


def target_names() -> list[str]:
    """Names of the targets that come with the project."""
    return sorted(path.stem for path in TARGET_FOLDER.glob("*.yaml"))


def load_target(name_or_file: str = DEFAULT_TARGET, overrides: Sequence[str] = ()) -> Target:
    """Reads a target. What it leaves out is as in `targets/default.yaml`.

    Args:
        name_or_file: one of `target_names()`, or the path of a YAML file.
        overrides: `key=value`, the key with dots (`nodes.Trainer.gpus=1`), the value as YAML.

    Raises:
        ConfigError: there is no such target, it is no YAML, or a key or value is wrong.
    """
    path = Path(name_or_file)
    if not path.suffix:
        path = TARGET_FOLDER / f"{name_or_file}.yaml"
    if not path.is_file():
        raise ConfigError(
            f"--target: expected one of {', '.join(target_names())} or a YAML file, received '{name_or_file}'."
        )
    defaults = read_keys(TARGET_FOLDER / f"{DEFAULT_TARGET}.yaml", "Target")
    content = merged(defaults, read_keys(path, "Target"))
    for override in overrides:
        apply_override(content, override, "--set-target")
    try:
        return Target.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"Target '{name_or_file}': {explained(error)}") from error
