"""Import, StatisticsGen, Transform and Evaluator make the same of the same images, wherever Beam runs."""

import pytest

_CLUSTER = pytest.param("flink-cluster", marks=pytest.mark.flink, id="flink-cluster")
_INSIDE = pytest.param("flink", marks=(pytest.mark.flink, pytest.mark.slow), id="flink")
_SPARK = pytest.param("spark", marks=(pytest.mark.spark, pytest.mark.slow), id="spark")


@pytest.fixture(scope="module", params=[_CLUSTER, _INSIDE, _SPARK])
def made(request, start, work):
    return work(start(request.param, 2).profile)


def test_records_are_equal_byte_for_byte(made, on_one_machine):
    assert made.records == on_one_machine.records


def test_statistics_are_equal(made, on_one_machine):
    for split, expected in on_one_machine.statistics.items():
        [theirs], [own] = expected.datasets, made.statistics[split].datasets
        assert own.num_examples == theirs.num_examples
        assert _facts(own) == _facts(theirs)


def test_transformed_records_are_equal(made, on_one_machine):
    assert made.transformed == on_one_machine.transformed
    assert all(made.transformed.values())


def test_metrics_are_equal(made, on_one_machine):
    assert made.metrics.keys() == on_one_machine.metrics.keys()
    for name, expected in on_one_machine.metrics.items():
        own = made.metrics[name]
        assert (own.at_tau, own.at_thresholds) == (expected.at_tau, expected.at_thresholds)
        for metric in ("auc", "average_precision", "log_loss", "brier"):
            assert getattr(own, metric) == pytest.approx(getattr(expected, metric), abs=1e-6)


def _facts(dataset):
    """By feature, what does not depend on the order of the records."""
    facts = {}
    for feature in dataset.features:
        kind = feature.WhichOneof("stats")
        stats = getattr(feature, kind)
        common = stats.common_stats
        own = [
            kind,
            common.num_non_missing,
            common.min_num_values,
            common.max_num_values,
            common.tot_num_values,
        ]
        if kind == "num_stats":
            own += [stats.min, stats.max, pytest.approx(stats.mean), pytest.approx(stats.std_dev)]
        elif kind == "string_stats":
            ranks = stats.rank_histogram.buckets
            own += [stats.unique, sorted((bucket.label, bucket.sample_count) for bucket in ranks[:5])]
        facts[feature.path.step[0]] = own
    return facts
