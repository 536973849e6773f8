"""The component: collects what the checks find and raises once, with all of it.

ExampleValidator only marks what it finds; without a gate the run would train on it.
"""

from collections.abc import Iterator

from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2
from tfx import v1 as tfx
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils

from components.data_gate.anomalies import describe
from components.data_gate.balance import describe_balance
from components.data_gate.content import describe_content
from components.data_gate.drift import Comparison, describe_drift, describe_skew
from components.data_gate.originals import describe_only_synthetic, originals, spans_of_originals
from components.data_gate.statistics import load_statistics, overall
from components.errors import DataAnomalyError
from components.settings import MIN_CLASS_SHARE
from data.example import SPLITS

_TRAIN = SPLITS[0]


@tfx.dsl.components.component
def DataGate(  # noqa: N802 - a TFX component is named like a class
    statistics: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.ExampleStatistics],
    schema: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Schema],
    anomalies: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.ExampleAnomalies],
    # Only there so that the cache of TFX notices an edit of this folder.
    source_hash: tfx.dsl.components.Parameter[str],
    # The share of a split's images that the rarer class must have, 0 to 0.5.
    min_class_share: tfx.dsl.components.Parameter[float] = MIN_CLASS_SHARE,
    # Folder of the ExampleStatistics that the served model was trained on; None while none is served.
    served_statistics: tfx.dsl.components.Parameter[str] = None,
):
    """Raises `DataAnomalyError` for any fault; names feature, split or span, number of images, and what to do."""
    expected = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema.uri))
    splits = {
        split: load_statistics(statistics.uri, split)
        for split in artifact_utils.decode_split_names(statistics.split_names)
    }
    found = []
    for split in artifact_utils.decode_split_names(anomalies.split_names):
        with fileio.open(f"{anomalies.uri}/Split-{split}/SchemaDiff.pb", "rb") as file:
            report = anomalies_pb2.Anomalies.FromString(file.read())
        found.extend(describe(split, report, overall(splits[split]), expected))
    for split, datasets in splits.items():
        found.extend(describe_content(split, overall(datasets), expected))
        found.extend(describe_only_synthetic(split, datasets))
        found.extend(describe_balance(split, originals(datasets), min_class_share))
    if _TRAIN in splits:
        found.extend(_comparisons(splits, expected, served_statistics))
    if found:
        raise DataAnomalyError(
            "The data does not fit the schema; nothing was trained or pushed.\n"
            + "\n".join(f"  - {line}" for line in found)
            + "\nCorrect the records (or import them anew from their images) and run again."
        )


def _comparisons(
    splits: dict[str, statistics_pb2.DatasetFeatureStatisticsList],
    schema: schema_pb2.Schema,
    served_statistics: str | None,
) -> Iterator[str]:
    train = originals(splits[_TRAIN])
    for split, datasets in splits.items():
        if split != _TRAIN:
            compared = Comparison(
                f"split {split}",
                originals(datasets),
                f"split {_TRAIN}",
                train,
                "Correct the given splits, or split anew",
            )
            yield from describe_drift(compared, schema)
    by_span = spans_of_originals(splits[_TRAIN])
    if len(by_span) > 1:
        *_, before, newest = sorted(by_span)
        compared = Comparison(
            f"split {_TRAIN}, span {newest}",
            by_span[newest],
            f"span {before}",
            by_span[before],
            f"Look at what came with span {newest} and import it anew",
        )
        yield from describe_drift(compared, schema)
    if served_statistics:
        served = originals(load_statistics(served_statistics, _TRAIN))
        compared = Comparison(
            f"split {_TRAIN}",
            train,
            "the data of the served model",
            served,
            "Train on data like that",
        )
        yield from describe_skew(compared, schema)
