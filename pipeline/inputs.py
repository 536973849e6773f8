"""What a run reads, as the DAG takes it: all paths are text, as ML Metadata stores them."""

import dataclasses

from tfx.orchestration.data_types import RuntimeParameter

from data.images.shape import SMALLEST_FACE

Uri = str | RuntimeParameter
"""A path or URI; on a cluster, a parameter that whoever submits a run may set."""


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What a run reads.

    Attributes:
        records: folder of records.
        schema_file: the curated schema, or the folder of records it lies in; where the cache serves it, its path must
            change with its content, as the cache looks at the path.
        split_pattern: matches the record files of a split below `records`, where `{split}` is its name.
        spans: how many spans the records hold; with more than one, statistics are made of each, too.
        synthetic: whether they hold images that were made of others; of each maker's statistics are made then, too.
        smallest_face: least pixels of an image's shorter side, as the records were imported.
        columns: annotated columns of the records, which the evaluation slices by.
        served_statistics: folder of the ExampleStatistics that the served model was trained on; None if none is.
        warm_start: URI of the Model artifact whose weights the training starts from; None for those configured.
        held_against_start: whether the new model must be as good as the one it started from; otherwise, as the latest
            blessed model of the pipeline.
    """

    records: Uri
    schema_file: Uri
    split_pattern: str = "{split}-*.tfrecord.gz"
    spans: int = 1
    synthetic: bool = False
    smallest_face: int = SMALLEST_FACE
    columns: tuple[str, ...] = ()
    served_statistics: str | None = None
    warm_start: Uri | None = None
    held_against_start: bool = False
