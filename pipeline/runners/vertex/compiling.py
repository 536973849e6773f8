"""From a configuration to the PipelineJob that Vertex AI Pipelines takes. Writes nothing but what it returns."""

from typing import Any

from pipeline.errors import ConfigError
from pipeline.runners.kubeflow.compiling import Deployment, check_references, compiled_job, defaults
from pipeline.runners.kubeflow.normalising import normalise


def compile_for_vertex(deployment: Deployment) -> dict[str, Any]:
    """Compiles a PipelineJob for Vertex AI Pipelines, with JSON's names.

    Raises:
        ConfigError: the configuration cannot run there, or the target asks for what only Kubernetes can do.
    """
    check_references(deployment, for_vertex=True)
    job = compiled_job(deployment)
    spec = job["pipelineSpec"]
    for node in spec["root"]["dag"]["tasks"]:
        if asked := deployment.target.of_node(node).kubernetes_only:
            raise ConfigError(
                f"Target: expected nothing of {', '.join(asked)} for {node}, which only Kubernetes can do. Start "
                "from `--target vertex`."
            )
    normalise(spec, deployment.target, defaults(deployment), deployment.pipeline_root, for_vertex=True)
    return job
