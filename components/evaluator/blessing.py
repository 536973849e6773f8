"""Reads why the Evaluator blessed a model, or why not."""

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2, metrics_for_slice_pb2, validation_result_pb2

from components.evaluator.slices import slice_name
from components.measures.names import MEASURE_NAMES

_NOTHING_MEASURED = "The evaluation found no image to measure."


@dataclasses.dataclass(frozen=True)
class Blessing:
    """Whether a model reached its bounds.

    Attributes:
        blessed: as the Evaluator decided.
        held: a sentence for each bound that the model reached.
        missed: a sentence for each bound that it missed; empty when blessed.
    """

    blessed: bool
    held: tuple[str, ...]
    missed: tuple[str, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was blessed, or why it was not."""
        return self.held if self.blessed else self.missed


class _Asked(NamedTuple):
    """A bound on the value or on the change of a metric, on a slice; `where` is empty for the whole split."""

    metric: str
    where: str
    is_change: bool


def read_blessing(folder: Path) -> Blessing:
    """Reads an `evaluation` artifact: what was asked, what was measured, and what TFMA made of it.

    Where there was no blessed model to compare with, no bound on a change was asked.

    Args:
        folder: of the artifact.
    """
    config = tfma.load_eval_result(str(folder)).config
    validation = tfma.load_validation_result(str(folder))
    failed, values = set(_failed(validation)), _values(folder, config)
    held, missed = [], []
    for asked, threshold in _asked(config):
        # A slice that the split does not hold has no values, and TFMA counts it as missing.
        reached = asked in values and asked not in failed
        (held if reached else missed).append(_sentence(asked, threshold, values.get(asked)))
    if not validation.validation_ok and not missed:
        missed.append(_NOTHING_MEASURED)
    return Blessing(validation.validation_ok, tuple(held), tuple(missed))


def _asked(config: config_pb2.EvalConfig) -> Iterator[tuple[_Asked, config_pb2.MetricThreshold]]:
    for specs in config.metrics_specs:
        for metric in specs.metrics:
            for one in metric.per_slice_thresholds:
                [spec] = one.slicing_specs
                name, where = json.loads(metric.config)["name"], _where(spec.feature_values.items())
                for kind, is_change in (("value_threshold", False), ("change_threshold", True)):
                    if one.threshold.HasField(kind):
                        yield _Asked(name, where, is_change), one.threshold


def _failed(validation: validation_result_pb2.ValidationResult) -> Iterator[_Asked]:
    for one in validation.metric_validations_per_slice:
        for failure in one.failures:
            yield _Asked(failure.metric_key.name, _where_of(one.slice_key), failure.metric_key.is_diff)


def _values(folder: Path, config: config_pb2.EvalConfig) -> dict[_Asked, float]:
    baselines = [spec.name for spec in config.model_specs if spec.is_baseline]
    return {
        _Asked(pair.key.name, _where_of(one.slice_key), pair.key.is_diff): pair.value.double_value.value
        for one in tfma.load_metrics(str(folder))
        for pair in one.metric_keys_and_values
        if pair.key.model_name not in baselines
    }


def _where_of(key: metrics_for_slice_pb2.SliceKey) -> str:
    return _where((one.column, one.bytes_value.decode(errors="replace")) for one in key.single_slice_keys)


def _where(parts: Iterable[tuple[str, str]]) -> str:
    return ", ".join(slice_name(key, value) for key, value in parts)


def _sentence(asked: _Asked, threshold: config_pb2.MetricThreshold, value: float | None) -> str:
    subject = MEASURE_NAMES[asked.metric] + (f" on {asked.where}" if asked.where else "")
    limit, wanted = _limit(asked, threshold)
    if value is None:
        return f"{subject}: the test split holds no such image, and {wanted}."
    if math.isnan(value):
        return f"{subject} is not defined on images of one class only, and {wanted}."
    if not asked.is_change:
        return f"{subject} is {_number(value, limit)}; {wanted}."
    if not value:
        return f"{subject} is that of the latest blessed model; {wanted}."
    way = "rose" if value > 0 else "fell"
    return f"{subject} {way} by {_number(abs(value), limit)} against the latest blessed model; {wanted}."


def _limit(asked: _Asked, threshold: config_pb2.MetricThreshold) -> tuple[float, str]:
    """The number that was asked, and the words for it."""
    if asked.is_change:
        limit = threshold.change_threshold.absolute.value
        return abs(limit), f"a {'fall' if limit <= 0 else 'rise'} of at most {abs(limit):g} was allowed"
    bound = threshold.value_threshold
    if bound.HasField("lower_bound"):
        return bound.lower_bound.value, f"at least {bound.lower_bound.value:g} was asked"
    return bound.upper_bound.value, f"at most {bound.upper_bound.value:g} was asked"


def _number(value: float, limit: float) -> str:
    """With so many digits that what is not the limit does not look like it."""
    digits = next((n for n in range(3, 15) if value == limit or round(value, n) != round(limit, n)), 15)
    return f"{value:.{digits}f}"
