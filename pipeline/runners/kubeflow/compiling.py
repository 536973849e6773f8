"""From a configuration to the package that Kubeflow Pipelines or Vertex takes. Writes nothing but what it returns.

The code is in the image: modules are named, none is packed. What whoever submits a run may set, the records and where
the model is pushed to, are parameters of the pipeline.
"""

import dataclasses
import functools
from pathlib import Path
from typing import Any

from tfx import v1 as tfx
from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner as tfx_kubeflow

from components.latest_pushed import latest_pushed
from data.record_folder import split_pattern
from pipeline.beam import beam_args
from pipeline.config import PipelineConfig
from pipeline.errors import ConfigError
from pipeline.graph import create_pipeline
from pipeline.inputs import Inputs
from pipeline.records import RecordFacts, record_facts
from pipeline.runners.kubeflow.normalising import normalise
from pipeline.runners.kubeflow.platform import platform_document
from pipeline.runners.kubeflow.references import image_problem, place_problem, root_problem
from pipeline.runners.kubeflow.target import Target
from pipeline.slice_bounds import check_slice_bounds

ENTRYPOINT = ("python", "-m", "pipeline.runners.kubeflow.entrypoint")
"""The command of every container."""

RECORDS, PUSH_TO = "records", "push_to"
"""Names of the pipeline's parameters."""

_IMPORTED = "span-*/{split}-*.tfrecord.gz"


@dataclasses.dataclass(frozen=True)
class Deployment:
    """What to compile, and for where.

    Attributes:
        config: what a run does; without phases.
        target: where, and what each node gets.
        records: imported records: of Google Cloud Storage, or a path inside the containers.
        push_to: base path of the served model, likewise.
        pipeline_root: URI below which nodes write their artifacts.
        image: of the containers.
        local_records: a copy of the records, or of their cards, to read columns and spans from; None for one imported
            span without columns.
        warm_start: URI of the Model artifact whose weights the training starts from; None for those configured.
    """

    config: PipelineConfig
    target: Target
    records: str
    push_to: str
    pipeline_root: str
    image: str
    local_records: Path | None = None
    warm_start: str | None = None


@dataclasses.dataclass(frozen=True)
class Package:
    """What open-source Kubeflow Pipelines takes.

    Attributes:
        spec: a PipelineSpec of schema 2.1.0, with JSON's names.
        platform: the second document; empty when no node asks for anything of Kubernetes.
    """

    spec: dict[str, Any]
    platform: dict[str, Any]

    @property
    def documents(self) -> list[dict[str, Any]]:
        """As a file holds them."""
        return [self.spec, self.platform] if self.platform else [self.spec]


def compile_for_kubeflow(deployment: Deployment) -> Package:
    """Compiles for open-source Kubeflow Pipelines.

    Raises:
        ConfigError: the configuration cannot run there.
    """
    check_references(deployment, for_vertex=False)
    spec = compiled_job(deployment)["pipelineSpec"]
    normalise(spec, deployment.target, defaults(deployment), deployment.pipeline_root)
    executors = spec["deploymentSpec"]["executors"]
    in_container = [
        node
        for node in spec["root"]["dag"]["tasks"]
        if "container" in executors[spec["components"][node]["executorLabel"]]
    ]
    return Package(spec, platform_document(deployment.target, in_container))


def check_references(deployment: Deployment, for_vertex: bool) -> None:
    """Refuses an image that is not pinned, and places that the server or the nodes cannot reach.

    Raises:
        ConfigError: it is such a one.
    """
    for option, problem in (
        ("--image", image_problem(deployment.image)),
        ("--pipeline-root", root_problem(deployment.pipeline_root, for_vertex)),
        ("--records", place_problem(deployment.records, for_vertex)),
        ("--push-to", place_problem(deployment.push_to, for_vertex)),
        # The launcher mirrors it, as it does every artifact.
        ("--warm-start", deployment.warm_start and root_problem(deployment.warm_start, for_vertex)),
    ):
        if problem:
            raise ConfigError(f"{option}: {problem}.")


def compiled_job(deployment: Deployment) -> dict[str, Any]:
    """The PipelineJob, as TFX compiles it, with JSON's names.

    Raises:
        ConfigError: the configuration cannot be compiled.
    """
    config, target = deployment.config, deployment.target
    if config.phases:
        raise ConfigError(
            f"--config: expected a configuration without phases, received '{config.name}' with "
            f"{len(config.phases)}. Compile the configuration of one phase, and hand its model on with --warm-start."
        )
    if deployment.warm_start and config.tuner.trials:
        raise ConfigError(
            f"--warm-start: expected no Tuner (tuner.trials: 0), received {config.tuner.trials} trials: the Tuner "
            "chooses a head, and a model to start from has one."
        )
    facts = _facts(deployment.local_records)
    check_slice_bounds(config.evaluation, facts.columns)
    records, push_to = _parameter(RECORDS), _parameter(PUSH_TO)
    pipeline = create_pipeline(
        config,
        Inputs(
            records=records,
            schema_file=records,
            split_pattern=_pattern(deployment.local_records),
            spans=facts.spans,
            synthetic=facts.synthetic,
            smallest_face=facts.smallest_face,
            columns=facts.columns,
            warm_start=deployment.warm_start,
        ),
        pipeline_root=deployment.pipeline_root,
        push_to=push_to,
        training_dir=target.training_dir,
        metadata=None,
        beam_args=beam_args(target.beam or config.beam),
        baseline=functools.partial(latest_pushed, push_to=push_to),
        with_report=True,
    )
    runner = tfx_kubeflow.KubeflowV2DagRunner(
        tfx_kubeflow.KubeflowV2DagRunnerConfig(
            default_image=deployment.image,
            default_commands=list(ENTRYPOINT),
            use_pipeline_spec_2_1=True,
        )
    )
    return runner.run(pipeline, write_out=False)


def _parameter(name: str) -> tfx.dsl.experimental.RuntimeParameter:
    return tfx.dsl.experimental.RuntimeParameter(name=name, ptype=str)


def defaults(deployment: Deployment) -> dict[str, str]:
    """The defaults of the pipeline's parameters, by name."""
    return {RECORDS: deployment.records, PUSH_TO: deployment.push_to}


def _facts(local: Path | None) -> RecordFacts:
    if local is None:
        return RecordFacts(spans=1, smallest_face=Inputs.smallest_face, columns=())
    return record_facts(local)


def _pattern(local: Path | None) -> str:
    return _IMPORTED if local is None else split_pattern(local)
