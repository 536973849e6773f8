"""The curated schema of the records, for statistics and validation with TensorFlow Data Validation."""

from pathlib import Path

SCHEMA_PATH = Path(__file__).with_name("schema.pbtxt")


def load_schema():
    """Returns the curated schema as a ``tensorflow_metadata.proto.v0.schema_pb2.Schema``.

    Statistics must be computed with it (``StatsOptions(schema=…, enable_semantic_domain_stats=True)``): only
    then is the label counted as a category and are image bytes recognised as images.
    """
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    return text_format.Parse(SCHEMA_PATH.read_text(encoding="utf-8"), schema_pb2.Schema())
