"""`deepfake-inspector vertex compile`: the pipeline as a job for Vertex AI Pipelines."""

from pathlib import Path
from typing import Any

import click

from pipeline.commands.compile_options import compile_options, deployment, loading_tfx, tell_compiled


@click.command("compile", short_help="Compile the pipeline for Vertex AI Pipelines.")
@compile_options("vertex")
def compile_(out: Path, as_json: bool, **described: Any) -> None:
    """Compiles the pipeline of a configuration into a JSON job that Vertex AI Pipelines runs.

    The job is linted before it is written (`kubeflow lint` reads it as well).
    """
    from pipeline.errors import ConfigError

    if out.suffix != ".json":
        raise ConfigError(f"--out: expected a .json file, received '{out}'. `kubeflow compile` writes .yaml.")
    what = deployment(**described)
    with loading_tfx():
        from pipeline.runners.kubeflow.linting import check
        from pipeline.runners.kubeflow.writing import job_text, write_compiled
        from pipeline.runners.vertex.compiling import compile_for_vertex

        job = compile_for_vertex(what)
        text = job_text(job)
        check(text, out.suffix)
        write_compiled(out, text)
    tell_compiled(out, job["pipelineSpec"], f"Next: deepfake-inspector vertex submit {out}", as_json)
