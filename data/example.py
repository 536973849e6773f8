"""The record format: feature keys, label map, split names, and the tf.Example codec.

Every other part of the project takes these names from here. TensorFlow is imported only by the two functions
that need it: it takes seconds, and the names are wanted without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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

# Of images that were made of others, and of no other ones.
MAKER_KEY = "synthetic/maker"
EDIT_KEY = "synthetic/edit"
PARENT_KEY = "synthetic/parent"
SEED_KEY = "synthetic/seed"
STRENGTH_KEY = "synthetic/strength"
PROMPT_KEY = "synthetic/prompt"
MODEL_KEY = "synthetic/model"
REVISION_KEY = "synthetic/revision"

#: What a manifest's column is called in the records: ``slice/`` and the column's own name.
COLUMN_PREFIX = "slice/"

#: Of reals that are no synthetic ones.
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

_KIND_OF_TYPE = {int: "int64_list", float: "float_list"}

_KEY_OF_SYNTHETIC_FIELD = {
    "maker": MAKER_KEY,
    "edit": EDIT_KEY,
    "parent": PARENT_KEY,
    "seed": SEED_KEY,
    "strength": STRENGTH_KEY,
    "prompt": PROMPT_KEY,
    "model": MODEL_KEY,
    "revision": REVISION_KEY,
}


@dataclass(frozen=True)
class Synthetic:
    """How an image was made of another.

    Attributes:
        maker: name of what made it.
        edit: which of the maker's edits it is; empty where the maker has one only.
        parent: SHA-256 of the image that it was made of, 64 hexadecimal digits.
        seed: of its maker's chance, 0 to 2**63 - 1.
        strength: how strong the edit is, in the maker's own unit; of single precision in the records.
        prompt: what a model was told; empty where there is none.
        model: the model that made it; empty where none did.
        revision: of that model.
    """

    maker: str
    edit: str
    parent: str
    seed: int
    strength: float
    prompt: str = ""
    model: str = ""
    revision: str = ""


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
        method: how a fake was made; ``"none"`` for reals as they came, ``"unknown"`` where a fake's method is not
            known. Of an image that was made of another the name of its maker, whatever its label.
        span: number of the delivery the image came with, from 1.
        columns: annotated values to slice by, by column; stored under ``slice/COLUMN``.
        synthetic: how it was made of another image; None for originals, whose records have nothing of it.
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
    synthetic: Synthetic | None = None

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
    if record.synthetic is not None:
        made = vars(record.synthetic) | {"strength": float(record.synthetic.strength)}
        features |= {key: feature(made[name]) for name, key in _KEY_OF_SYNTHETIC_FIELD.items()}
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
    columns = {
        key.removeprefix(COLUMN_PREFIX): features[key].bytes_list.value[0].decode(errors="surrogateescape")
        for key in sorted(features)
        if key.startswith(COLUMN_PREFIX) and features[key].bytes_list.value
    }
    synthetic = None
    if MAKER_KEY in features:
        synthetic = Synthetic(**_fields(features, Synthetic, _KEY_OF_SYNTHETIC_FIELD))
    return Record(**_fields(features, Record, _KEY_OF_FIELD), columns=columns, synthetic=synthetic)


def _fields(features: Mapping[str, Any], cls: type, key_of_field: Mapping[str, str]) -> dict[str, Any]:
    """The values of the fields of a class, each out of a feature of one value."""
    found = {}
    for name, key in key_of_field.items():
        kind = _KIND_OF_TYPE.get(cls.__annotations__[name], "bytes_list")
        values = list(getattr(features[key], kind).value) if key in features else []
        if len(values) != 1:
            raise BadInputError(
                f"Expected feature '{key}' to hold one {kind} value, received {len(values)}. "
                "Were these records written by `deepfake-inspector data import`?"
            )
        is_text = cls.__annotations__[name] is str
        found[name] = values[0].decode(errors="surrogateescape") if is_text else values[0]
    return found


def _to_bytes(text: str) -> bytes:
    # Names of folders may hold bytes that are no UTF-8; Python keeps those as surrogates.
    return text.encode(errors="surrogateescape")
