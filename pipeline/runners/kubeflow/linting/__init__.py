"""The linter of compiled pipelines: what a server would refuse, and what would fail or surprise later.

One file for each group of rules; a rule is a function from a compiled pipeline to findings. What the rules about
open-source Kubeflow hold against a pipeline is what its Go compiler and its driver refuse, and what the pitfalls of
TFX there are.
"""

from pipeline.runners.kubeflow.linting.finding import Finding
from pipeline.runners.kubeflow.linting.rules import check, lint_documents, lint_file, lint_text

__all__ = ["Finding", "check", "lint_documents", "lint_file", "lint_text"]
