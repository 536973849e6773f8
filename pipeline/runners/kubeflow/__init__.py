"""Kubeflow Pipelines: the DAG compiled to a spec, the spec mended, checked and submitted, and a node of it run."""
