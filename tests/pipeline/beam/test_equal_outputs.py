"""Import, StatisticsGen, Transform and Evaluator make the same of the same images, wherever Beam runs."""

import pytest

# What a cluster does, whole, and last: test_losses.py goes on with it. Of the others CI does a part; the rest is for
# whoever changes something here.
_CLUSTER = pytest.param("flink-cluster", marks=pytest.mark.flink, id="flink-cluster")
_INSIDE = pytest.param("flink", marks=pytest.mark.flink, id="flink")
_SPARK = pytest.param("spark", marks=pytest.mark.spark, id="spark")
_INSIDE_SLOW = pytest.param("flink", marks=(pytest.mark.flink, pytest.mark.slow), id="flink")
_SPARK_SLOW = pytest.param("spark", marks=(pytest.mark.spark, pytest.mark.slow), id="spark")


@pytest.fixture(scope="module")
def made(request, start, work):
    return work(start(request.param, 2).profile)


@pytest.mark.parametrize("made", [_SPARK, _INSIDE, _CLUSTER], indirect=True)
def test_records_are_equal_byte_for_byte(made, on_one_machine):
    assert made.records == on_one_machine.records


@pytest.mark.parametrize("made", [_SPARK_SLOW, _INSIDE_SLOW, _CLUSTER], indirect=True)
def test_statistics_and_transformed_records_are_equal(made, on_one_machine):
    for (split, expected), own in zip(on_one_machine.nodes[0].items(), made.nodes[0].values(), strict=True):
        [theirs], [ours] = expected.datasets, own.datasets
        assert ours.num_examples == theirs.num_examples, split
        assert _facts(ours) == _facts(theirs), split
    assert made.nodes[1] == on_one_machine.nodes[1]
    assert all(made.nodes[1].values())


@pytest.mark.parametrize("made", [_SPARK, _INSIDE_SLOW, _CLUSTER], indirect=True)
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
