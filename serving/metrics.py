"""Counts and times of requests, as Prometheus reads them from TensorFlow Serving: the same names and labels."""

import threading
from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import Metric

PREFIX = ":tensorflow:serving:"

# TensorFlow Serving does not tell when each series began.
disable_created_metrics()

# As in TensorFlow Serving's util.cc: microseconds, from 10 in steps of 1.8, 33 of them (about 20 minutes).
_LATENCY_BUCKETS_US = tuple(10 * 1.8**step for step in range(33))


class Metrics:
    """What a server counts. Safe for use by several threads."""

    def __init__(self):
        self._registry = CollectorRegistry()
        self._requests = _Counts(
            f"{PREFIX}request_count", "The total number of requests.", ("model_name", "status")
        )
        self._loads = _Counts(
            f"{PREFIX}model_load_count", "Versions that were loaded, or failed to.", ("model_name", "status")
        )
        for counts in (self._requests, self._loads):
            self._registry.register(counts)
        self._latency = Histogram(
            f"{PREFIX}request_latency",
            "Distribution of wall time (in microseconds) for TensorFlow Serving request.",
            ("model_name", "API", "entrypoint"),
            buckets=_LATENCY_BUCKETS_US,
            registry=self._registry,
        )
        self._load_latency = Histogram(
            f"{PREFIX}model_load_latency",
            "Distribution of wall time (in microseconds) for loading and warming up a version.",
            ("model_name",),
            buckets=_LATENCY_BUCKETS_US,
            registry=self._registry,
        )

    def request(self, model_name: str, api: str, entrypoint: str, status: str, seconds: float) -> None:
        """Counts a request.

        Args:
            model_name: of a model that is served; "" for any other name, so that made-up ones take no memory.
            api: "Predict", "Classify", ...
            entrypoint: "GRPC" or "REST".
            status: name of the gRPC status code: "OK", "INVALID_ARGUMENT", ...
            seconds: it took.
        """
        self._requests.add(model_name, status)
        self._latency.labels(model_name, api, entrypoint).observe(seconds * 1e6)

    def load(self, model_name: str, status: str, seconds: float) -> None:
        """Counts a version that was loaded (status "OK") or failed to."""
        self._loads.add(model_name, status)
        self._load_latency.labels(model_name).observe(seconds * 1e6)

    def page(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)


class _Counts:
    """A counter whose name is taken as it is: the library's own would append `_total`.

    Prometheus shows its type as unknown, and counts it all the same.
    """

    def __init__(self, name: str, help_text: str, labels: tuple[str, ...]):
        self._name, self._help, self._labels = name, help_text, labels
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, ...]] = Counter()

    def add(self, *values: str) -> None:
        with self._lock:
            self._counts[values] += 1

    def collect(self) -> Iterator[Metric]:
        metric = Metric(self._name, self._help, "unknown")
        with self._lock:
            for values, count in sorted(self._counts.items()):
                metric.add_sample(self._name, dict(zip(self._labels, values, strict=True)), count)
        yield metric
