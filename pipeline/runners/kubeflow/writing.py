"""Compiled pipelines as files: whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from components.atomic_file import write_text
from pipeline.runners.kubeflow.compiling import Package


class _NoAliases(yaml.SafeDumper):
    """Readers of a package need not know YAML's anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def package_text(package: Package) -> str:
    """A package as YAML: the PipelineSpec, then the platform document, if there is one."""
    return yaml.dump_all(package.documents, Dumper=_NoAliases, sort_keys=True, allow_unicode=True, width=110)


def job_text(job: Mapping[str, Any]) -> str:
    """A PipelineJob as JSON."""
    return json.dumps(job, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_compiled(path: Path, text: str) -> None:
    """Writes it in place of what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)
