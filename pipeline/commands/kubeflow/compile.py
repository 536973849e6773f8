"""`deepfake-inspector kubeflow compile`: the pipeline as a package for open-source Kubeflow Pipelines."""

from pathlib import Path
from typing import Any

import click

from pipeline.commands.compile_options import compile_options, deployment, loading_tfx, tell_compiled


@click.command("compile", short_help="Compile the pipeline for Kubeflow Pipelines.")
@compile_options("default")
def compile_(out: Path, as_json: bool, **described: Any) -> None:
    """Compiles the pipeline of a configuration into a YAML package that open-source Kubeflow Pipelines runs.

    The package is linted before it is written. Where it runs and what each node gets there (GPUs, memory, node
    selectors, secrets, volumes, retries) says the target. The data is not compared with what the served model was
    trained on: only ML Metadata of a local workspace can tell that.
    """
    from pipeline.errors import ConfigError

    if out.suffix not in (".yaml", ".yml"):
        raise ConfigError(f"--out: expected a .yaml file, received '{out}'. `vertex compile` writes .json.")
    what = deployment(**described)
    with loading_tfx():
        from pipeline.runners.kubeflow.compiling import compile_for_kubeflow
        from pipeline.runners.kubeflow.linting import check
        from pipeline.runners.kubeflow.pod_disk import places_on_pod_disks
        from pipeline.runners.kubeflow.writing import package_text, write_compiled

        package = compile_for_kubeflow(what)
        text = package_text(package)
        check(text, out.suffix)
        write_compiled(out, text)
        notes = list(places_on_pod_disks(what))
    next_step = f"Try it here: deepfake-inspector kubeflow execute {out} --root executed"
    tell_compiled(out, package.spec, next_step, as_json, notes)
