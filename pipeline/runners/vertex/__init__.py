"""Vertex AI Pipelines: the same compiled DAG as a PipelineJob of Google Cloud."""
