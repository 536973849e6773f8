"""Beam's job servers, and the Flink or Spark inside one of them, as commands."""

from pathlib import Path

from pipeline.beam.local.java import can_compile, java, java_flags

_FLINK = "org.apache.beam.runners.flink.FlinkJobServerDriver"
# The same, but that it uploads no jars to a cluster that has them.
_FLINK_CLUSTER = Path(__file__).parent / "flink" / "ClusterJobServer.java"
_SPARK = "org.apache.beam.runners.spark.SparkJobServerDriver"
_INSIDE_HEAP_MB, _OUTSIDE_HEAP_MB = 2048, 512
RESTARTS = """\
# What a lost worker was at is begun again; by Flink's default one loss is the end of a job.
restart-strategy.type: fixed-delay
restart-strategy.fixed-delay.attempts: 3
restart-strategy.fixed-delay.delay: 1 s
"""
_FLINK_INSIDE = f"""\
# Twice the default, as Transform takes many buffers; not more, as each job takes the time to clear it all.
taskmanager.memory.network.min: 128mb
taskmanager.memory.network.max: 128mb
{RESTARTS}"""


def flink_job_server(jars: Path, folder: Path, ports: list[int], master: str | None) -> list[str]:
    """The command of a job server for Flink.

    Args:
        jars: those of `flink`.
        folder: takes what clients hand in.
        ports: for jobs, files and expansion.
        master: HOST:PORT of a JobManager; None for a Flink inside.
    """
    inside = []
    if master is None:
        configuration = folder / "conf"
        configuration.mkdir()
        (configuration / "flink-conf.yaml").write_text(_FLINK_INSIDE, encoding="utf-8")
        inside = [f"--flink-conf-dir={configuration}"]
    heap = _OUTSIDE_HEAP_MB if master else _INSIDE_HEAP_MB
    main_class = str(_FLINK_CLUSTER) if master and can_compile() else _FLINK
    return [
        *_driver(main_class, jars, folder, ports, heap),
        f"--flink-master={master or '[local]'}",
        *inside,
    ]


def spark_job_server(jars: Path, folder: Path, ports: list[int], workers: int) -> list[str]:
    """The command of a job server with a Spark inside; see `flink_job_server`."""
    return [*_driver(_SPARK, jars, folder, ports, _INSIDE_HEAP_MB), f"--spark-master-url=local[{workers}]"]


def _driver(main_class: str, jars: Path, folder: Path, ports: list[int], heap_mb: int) -> list[str]:
    jobs, artifacts, expansion = ports
    return [
        *(java(), *java_flags(heap_mb), "-cp", f"{jars}/*", main_class),
        *("--job-host=localhost", f"--job-port={jobs}", f"--artifact-port={artifacts}"),
        *(f"--expansion-port={expansion}", f"--artifacts-dir={folder / 'staged'}"),
    ]
