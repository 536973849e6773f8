"""A standalone Flink as commands: a JobManager and TaskManagers, from the jars of Beam's runner.

Flink's own shell scripts, which those jars lack, would work out the memory: here every part is given.
"""

from pathlib import Path

from pipeline.beam.local.java import java, java_flags
from pipeline.beam.local.job_servers import RESTARTS
from pipeline.beam.local.pools import hosts_file

_JOB_MANAGER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
_TASK_MANAGER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
_JOB_MANAGER_HEAP_MB = 512
_TASK_MANAGER_HEAP_MB = 768
_CONFIGURATION = """\
jobmanager.rpc.address: localhost
jobmanager.rpc.port: {rpc}
jobmanager.bind-host: localhost
rest.address: localhost
rest.bind-address: localhost
rest.port: {rest}
blob.server.port: 0
taskmanager.host: localhost
taskmanager.bind-host: localhost
# A dead TaskManager is known as such after this, in milliseconds.
heartbeat.interval: 2000
heartbeat.timeout: 10000
# When nobody takes a dead one's place, the job fails after this.
slot.request.timeout: 30000
slot.idle.timeout: 30000
# A job may bring the jars that are here already: with Flink's default their classes would be loaded anew each time.
classloader.resolve-order: parent-first
cluster.io-pool.size: 4
{restarts}web.tmpdir: {folder}
io.tmp.dirs: {folder}
"""
_MEMORY = {
    "taskmanager.memory.task.heap.size": f"{_TASK_MANAGER_HEAP_MB - 128}mb",
    "taskmanager.memory.task.off-heap.size": "128mb",
    "taskmanager.memory.framework.heap.size": "128mb",
    "taskmanager.memory.framework.off-heap.size": "128mb",
    "taskmanager.memory.managed.size": "256mb",
    # With less, Transform finds too few network buffers.
    "taskmanager.memory.network.min": "1gb",
    "taskmanager.memory.network.max": "1gb",
    "taskmanager.memory.jvm-metaspace.size": "256mb",
    "taskmanager.memory.jvm-overhead.min": "192mb",
    "taskmanager.memory.jvm-overhead.max": "192mb",
}


def write_configuration(folder: Path, rpc: int, rest: int) -> Path:
    """Writes what JobManager and TaskManagers share; returns its folder.

    Args:
        folder: takes it, and what Flink writes for a time.
        rpc: port at which TaskManagers find the JobManager.
        rest: port of Flink's page, where jobs are handed in.
    """
    configuration = folder / "conf"
    configuration.mkdir()
    text = _CONFIGURATION.format(rpc=rpc, rest=rest, folder=folder, restarts=RESTARTS)
    (configuration / "flink-conf.yaml").write_text(text, encoding="utf-8")
    return configuration


def job_manager(jars: Path, configuration: Path) -> list[str]:
    """The command of the JobManager."""
    return [
        *(java(), *java_flags(_JOB_MANAGER_HEAP_MB), "-cp", f"{jars}/*"),
        *(_JOB_MANAGER, "--configDir", str(configuration)),
    ]


def task_manager(jars: Path, configuration: Path, number: int, slots: int) -> list[str]:
    """The command of a TaskManager.

    Args:
        jars: those of `flink`.
        configuration: see `write_configuration`.
        number: from 0.
        slots: tasks at a time.
    """
    settings = {
        **_MEMORY,
        "taskmanager.cpu.cores": f"{slots}.0",
        "taskmanager.numberOfTaskSlots": str(slots),
        "taskmanager.resource-id": f"taskmanager-{number}",
    }
    return [
        *(java(), *java_flags(_TASK_MANAGER_HEAP_MB)),
        f"-Djdk.net.hosts.file={hosts_file(configuration.parent, number)}",
        # Network and off-heap memory, and what a JVM itself takes.
        "-XX:MaxDirectMemorySize=1408m",
        *("-cp", f"{jars}/*", _TASK_MANAGER, "--configDir", str(configuration)),
        *(part for key, value in settings.items() for part in ("-D", f"{key}={value}")),
    ]
