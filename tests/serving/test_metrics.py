"""Metrics by TensorFlow Serving's names, and a memory that clients cannot fill."""

import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.metrics import PREFIX, Metrics


def samples(metrics) -> dict:
    families = text_string_to_metric_families(metrics.page().decode())
    return {
        (one.name.removeprefix(PREFIX), tuple(sorted(one.labels.items()))): one.value
        for family in families
        for one in family.samples
    }


def test_requests_are_counted_by_model_and_status():
    metrics = Metrics()
    for status in ("OK", "OK", "UNAVAILABLE"):
        metrics.request("m", "Predict", "GRPC", status, 0.001)
    found = samples(metrics)
    assert found["request_count", (("model_name", "m"), ("status", "OK"))] == 2
    assert found["request_count", (("model_name", "m"), ("status", "UNAVAILABLE"))] == 1


def test_latencies_are_microseconds_in_the_buckets_of_tensorflow_serving():
    metrics = Metrics()
    metrics.request("m", "Predict", "REST", "OK", 17e-6)
    metrics.request("m", "Predict", "REST", "OK", 2.0)
    labels = (("API", "Predict"), ("entrypoint", "REST"), ("model_name", "m"))
    found = samples(metrics)
    assert found["request_latency_count", labels] == 2
    assert found["request_latency_sum", labels] == pytest.approx(2_000_017)
    buckets = {
        float(dict(key[1])["le"]): value for key, value in found.items() if key[0] == "request_latency_bucket"
    }
    assert sorted(buckets)[:3] == pytest.approx([10, 18, 32.4])
    assert len(buckets) == 34  # and the infinite one
    assert (buckets[10.0], buckets[18.0], buckets[float("inf")]) == (0, 1, 2)


def test_loads_are_counted_and_timed():
    metrics = Metrics()
    metrics.load("m", "OK", 1.5)
    metrics.load("m", "NOT_FOUND", 0.5)
    found = samples(metrics)
    assert found["model_load_count", (("model_name", "m"), ("status", "NOT_FOUND"))] == 1
    assert found["model_load_latency_sum", (("model_name", "m"),)] == pytest.approx(2e6)


def test_nothing_is_lost_between_threads_and_two_servers_do_not_share():
    metrics, other = Metrics(), Metrics()
    threads = [
        threading.Thread(
            target=lambda: [metrics.request("m", "Predict", "GRPC", "OK", 0) for _ in range(500)]
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    key = "request_count", (("model_name", "m"), ("status", "OK"))
    assert samples(metrics)[key] == 2000
    assert key not in samples(other)


def test_a_name_with_quotes_and_lines_is_escaped():
    metrics = Metrics()
    metrics.request('a"b\n\\c', "Predict", "GRPC", "OK", 0)
    assert samples(metrics)["request_count", (("model_name", 'a"b\n\\c'), ("status", "OK"))] == 1
