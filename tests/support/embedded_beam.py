"""Beam's own stand-in for a job server, in this process, and where it works."""

import apache_beam
import pytest

EMBEDDED = [
    "--runner=pipeline.beam.deadline.DeadlinePortableRunner",
    "--job_endpoint=embed",
]

needs_embedded_workers = pytest.mark.skipif(
    tuple(map(int, apache_beam.__version__.split(".")[:2])) >= (2, 77),
    reason="in Beam 2.77 a worker and the embedded job server wait for each other, with Beam's own runner, too",
)
