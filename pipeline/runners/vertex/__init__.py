"""Vertex AI Pipelines: the DAG as a PipelineJob, and a run of it there."""
