"""Values that are mostly no images, which TFDV passes over.

It counts images only where at least four fifths of a hundred values and more begin like one. When fewer do, it makes
no counts at all, and finds nothing wrong.
"""

from collections.abc import Iterator

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.data_gate.advice import NO_IMAGES
from components.data_gate.statistics import feature_of, feature_statistics, image_formats, number_present
from data.example import IMAGE_KEY

_FEWEST_LOOKED_AT = 100
_SHARE_LOOKED_AT = 0.8


def describe_content(
    split: str, statistics: statistics_pb2.DatasetFeatureStatistics, schema: schema_pb2.Schema
) -> Iterator[str]:
    """A sentence when more than a fifth of a split's images are none.

    Args:
        split: its name.
        statistics: of all its images, computed with `enable_semantic_domain_stats` and the schema.
        schema: of the records.
    """
    feature = feature_of(schema, IMAGE_KEY)
    if feature is None or not feature.HasField("image_domain"):
        return
    found = feature_statistics(statistics, IMAGE_KEY)
    total = number_present(found)
    if total >= _FEWEST_LOOKED_AT and not image_formats(found):
        yield (
            f"{IMAGE_KEY}, split {split}: more than {round((1 - _SHARE_LOOKED_AT) * total)} of {total} images are "
            f"none. {NO_IMAGES}"
        )
