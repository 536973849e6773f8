"""The Java and the Maven of this machine."""

import re
import shutil
import subprocess

from pipeline.errors import ConfigError

_LEAST_JAVA, _MOST_JAVA = 11, 17
_OPENED = (
    *("java.lang", "java.lang.invoke", "java.lang.reflect", "java.util", "java.util.concurrent"),
    *("java.util.concurrent.atomic", "java.nio", "java.net", "java.io", "java.time"),
    *("sun.nio.ch", "sun.security.action", "sun.util.calendar"),
)


def java() -> str:
    """The path of a Java that Flink 1.19 and Spark 3.5 run on.

    Raises:
        ConfigError: there is none.
    """
    path = shutil.which("java")
    advice = "Install one, such as Debian's openjdk-17-jre-headless."
    if path is None:
        raise ConfigError(f"Expected Java {_LEAST_JAVA} to {_MOST_JAVA} on PATH, and found none. {advice}")
    said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    found = re.search(r'version "(\d+)', said)
    if not found or not _LEAST_JAVA <= int(found[1]) <= _MOST_JAVA:
        version = found[1] if found else said.strip()[:80]
        raise ConfigError(
            f"Expected Java {_LEAST_JAVA} to {_MOST_JAVA}, received {version} at {path}. {advice}"
        )
    return path


def can_compile() -> bool:
    """Whether the Java runs a source file, as those of a JDK do."""
    command = [java(), "--list-modules"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603
    return "jdk.compiler@" in said


def maven() -> str:
    """The path of Maven.

    Raises:
        ConfigError: there is none.
    """
    path = shutil.which("mvn")
    if path is None:
        raise ConfigError("Expected Maven (mvn) on PATH, and found none. Install it, such as Debian's maven.")
    return path


def java_flags(heap_mb: int) -> list[str]:
    """Flags of every JVM here."""
    return [
        # Since Java 16 the engines' reflection needs leave.
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
        f"-Xmx{heap_mb}m",
        "-XX:+ExitOnOutOfMemoryError",
        # The work is Python's: what starts at once and leaves it the cores is best.
        *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
        "-Djava.net.preferIPv4Stack=true",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
    ]
