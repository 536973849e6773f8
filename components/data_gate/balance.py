"""Class balance: both classes must be there, the rarer one in more than a few images."""

from collections.abc import Iterator

from tensorflow_metadata.proto.v0 import statistics_pb2

from components.data_gate.statistics import feature_statistics, value_counts
from data.example import LABEL_KEY, LABEL_NAMES


def describe_balance(
    split: str, statistics: statistics_pb2.DatasetFeatureStatistics, min_class_share: float
) -> Iterator[str]:
    """A sentence when the rarer class of a split is too rare.

    Args:
        split: its name.
        statistics: of its originals; labels counted as categories.
        min_class_share: least share of the images of known label, 0 to 0.5.

    Yields:
        For example `label, split train: fake is 4 of 84 images (4.8 %), expected at least 10 %. Add …`.
    """
    counts = value_counts(feature_statistics(statistics, LABEL_KEY))
    known = {name: counts.get(str(label), 0) for label, name in LABEL_NAMES.items()}
    total = sum(known.values())
    # Where no label is known, other lines say so.
    if not total:
        return
    rarer = min(known, key=known.__getitem__)
    if known[rarer] < min_class_share * total:
        yield (
            f"{LABEL_KEY}, split {split}: {rarer} is {known[rarer]} of {total} images "
            f"({100 * known[rarer] / total:.1f} %), expected at least {100 * min_class_share:g} %. Add images that "
            f"are {rarer}, or take fewer of the others; if the data must be so, lower min_class_share."
        )
