"""The bounds of the settings as TFMA's thresholds."""

from collections.abc import Iterable

from google.protobuf import wrappers_pb2
from tensorflow_model_analysis.proto import config_pb2

from components.evaluator.slices import slice_parts
from components.settings import Bound


def slice_thresholds(bounds: Iterable[Bound]) -> list[config_pb2.PerSliceMetricThreshold]:
    """What the Evaluator holds a metric against.

    Each holds on its own slice or on the whole split: a plain `threshold` of TFMA would bind every slice, and many a
    slice has one class only, where AUC means nothing.

    Args:
        bounds: of one metric.
    """
    return [
        config_pb2.PerSliceMetricThreshold(slicing_specs=[_slice(one)], threshold=_threshold(one))
        for one in bounds
    ]


def _slice(bound: Bound) -> config_pb2.SlicingSpec:
    return config_pb2.SlicingSpec(feature_values=dict([slice_parts(bound.slice)]) if bound.slice else {})


def _threshold(bound: Bound) -> config_pb2.MetricThreshold:
    threshold = config_pb2.MetricThreshold()
    if bound.value is not None:
        side = "lower_bound" if bound.more_is_better else "upper_bound"
        threshold.value_threshold.CopyFrom(config_pb2.GenericValueThreshold(**{side: _number(bound.value)}))
    if bound.change is not None:
        threshold.change_threshold.CopyFrom(
            config_pb2.GenericChangeThreshold(
                direction=config_pb2.MetricDirection.HIGHER_IS_BETTER
                if bound.more_is_better
                else config_pb2.MetricDirection.LOWER_IS_BETTER,
                absolute=_number(-bound.change if bound.more_is_better else bound.change),
            )
        )
    return threshold


def _number(value: float) -> wrappers_pb2.DoubleValue:
    return wrappers_pb2.DoubleValue(value=value)
