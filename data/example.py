"""The record format: feature keys, label map, split names, and the tf.Example codec.

Every other part of the project takes these names from here. TensorFlow is imported only by the two functions
that need it: it takes seconds, and the names are wanted without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from data.errors import BadInputError

REAL = 0
FAKE = 1
LABEL_MAP = {"real": REAL, "fake": FAKE}
LABEL_NAMES = {index: name for name, index in LABEL_MAP.items()}

SPLITS = ("train", "val", "test")

IMAGE_KEY = "image/encoded"
LABEL_KEY = "label"
WIDTH_KEY = "image/width"
HEIGHT_KEY = "image/height"
CHANNELS_KEY = "image/channels"
FORMAT_KEY = "image/format"
SHA256_KEY = "image/sha256"
JPEG_QUALITY_KEY = "image/jpeg_quality"
ASPECT_RATIO_KEY = "image/aspect_ratio"
GROUP_KEY = "group"
SOURCE_KEY = "source"
METHOD_KEY = "method"
SPAN_KEY = "span"
MAKER_KEY = "synthetic/maker"

#: What a manifest's column is called in the records: ``slice/`` and the column's own name.
COLUMN_PREFIX = "slice/"

METHOD_OF_REALS = "none"
METHOD_UNKNOWN = "unknown"

_KEY_OF_FIELD = {
    "encoded": IMAGE_KEY,
    "label": LABEL_KEY,
    "width": WIDTH_KEY,
    "height": HEIGHT_KEY,
    "channels": CHANNELS_KEY,
    "format": FORMAT_KEY,
    "sha256": SHA256_KEY,
    "jpeg_quality": JPEG_QUALITY_KEY,
    "group": GROUP_KEY,
    "source": SOURCE_KEY,
    "method": METHOD_KEY,
    "span": SPAN_KEY,
}


@dataclass(frozen=True)
class Record:
    """One image as it is stored.

    Attributes:
        encoded: the file's bytes as they came, JPEG or PNG.
        label: 0 (real) or 1 (fake).
        width: pixels, as the file's header states it.
        height: pixels.
        channels: 1 (grey), 2 (grey and alpha), 3 (colour) or 4 (colour and alpha, or CMYK).
        format: ``"jpeg"`` or ``"png"``.
        sha256: SHA-256 of ``encoded``, 64 hexadecimal digits.
        jpeg_quality: estimated IJG quality, 1 to 100; 0 where the image is no JPEG.
        group: images with the same group never part across splits.
        source: the data set the image comes from.
        method: how a fake was made; ``"none"`` for reals, ``"unknown"`` where a fake's method is not known.
        span: number of the delivery the image came with, from 1.
        columns: annotated values to slice by, by column; stored under ``slice/COLUMN``.
    """

    encoded: bytes
    label: int
    width: int
    height: int
    channels: int
    format: str
    sha256: str
    jpeg_quality: int
    group: str
    source: str
    method: str
    span: int = 1
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def aspect_ratio(self) -> float:
        """The longer side over the shorter one, 1 or more; stored, so that a schema can bound it."""
        return aspect_ratio(self.width, self.height)


def aspect_ratio(width: int, height: int) -> float:
    """The longer side over the shorter one, 1 or more."""
    return max(width, height) / min(width, height)


def encode(record: Record) -> bytes:
    """Serializes a record as a tf.Example; equal records give equal bytes."""
    from tensorflow.train import BytesList, Example, Feature, Features, FloatList, Int64List

    def feature(value):
        if isinstance(value, int):
            return Feature(int64_list=Int64List(value=[value]))
        if isinstance(value, float):
            return Feature(float_list=FloatList(value=[value]))
        return Feature(bytes_list=BytesList(value=[value if isinstance(value, bytes) else _to_bytes(value)]))

    features = {key: feature(getattr(record, name)) for name, key in _KEY_OF_FIELD.items()}
    features[ASPECT_RATIO_KEY] = feature(record.aspect_ratio)
    features |= {COLUMN_PREFIX + column: feature(value) for column, value in record.columns.items()}
    # A protobuf map has no order of its own; without `deterministic` two runs may differ in their bytes.
    return Example(features=Features(feature=features)).SerializeToString(deterministic=True)


def decode(serialized: bytes) -> Record:
    """Reads back what :func:`encode` wrote.

    Raises:
        BadInputError: the bytes are no tf.Example, or a feature is missing, has the wrong type or several
            values.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.train import Example

    try:
        features = Example.FromString(serialized).features.feature
    except DecodeError as error:
        raise BadInputError(
            f"Expected a serialized tf.Example, received {len(serialized)} bytes that are none ({error})."
        ) from error
    found = {}
    for name, key in _KEY_OF_FIELD.items():
        kind = "int64_list" if Record.__annotations__[name] is int else "bytes_list"
        values = list(getattr(features[key], kind).value) if key in features else []
        if len(values) != 1:
            raise BadInputError(
                f"Expected feature '{key}' to hold one {kind} value, received {len(values)}. "
                "Were these records written by `deepfake-inspector data import`?"
            )
        is_text = Record.__annotations__[name] is str
        found[name] = values[0].decode(errors="surrogateescape") if is_text else values[0]
    columns = {
        key.removeprefix(COLUMN_PREFIX): features[key].bytes_list.value[0].decode(errors="surrogateescape")
        for key in sorted(features)
        if key.startswith(COLUMN_PREFIX) and features[key].bytes_list.value
    }
    return Record(**found, columns=columns)


def _to_bytes(text: str) -> bytes:
    # Names of folders may hold bytes that are no UTF-8; Python keeps those as surrogates.
    return text.encode(errors="surrogateescape")
