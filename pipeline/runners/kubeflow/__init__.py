"""Kubeflow Pipelines: from the DAG to a specification that its open-source server takes, and to a run there."""
