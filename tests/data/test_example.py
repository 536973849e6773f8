"""The codec gives back what it was given, in bytes that plain TensorFlow reads."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from data import example
from data.errors import BadInputError

made = st.builds(
    example.Synthetic,
    maker=st.text(max_size=10),
    edit=st.text(max_size=10),
    parent=st.text("0123456789abcdef", min_size=64, max_size=64),
    seed=st.integers(0, 2**63 - 1),
    strength=st.floats(width=32, allow_nan=False, allow_infinity=False),
    prompt=st.text(max_size=10),
    model=st.text(max_size=10),
    revision=st.text(max_size=10),
)
records = st.builds(
    example.Record,
    encoded=st.binary(max_size=50),
    label=st.sampled_from([0, 1]),
    width=st.integers(1, 20000),
    height=st.integers(1, 20000),
    channels=st.integers(1, 4),
    format=st.sampled_from(["jpeg", "png"]),
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    jpeg_quality=st.integers(0, 100),
    group=st.text(max_size=10),
    source=st.text(max_size=10),
    method=st.text(max_size=10),
    span=st.integers(1, 99),
    columns=st.dictionaries(
        st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True), st.text(max_size=10)
    ),
    synthetic=st.none() | made,
)


def _record(**changes):
    values = {
        "encoded": b"\xff\xd8",
        "label": 1,
        "width": 5,
        "height": 7,
        "channels": 3,
        "format": "jpeg",
        "sha256": "a" * 64,
        "jpeg_quality": 90,
        "group": "g",
        "source": "s",
        "method": "m",
    }
    return example.Record(**{**values, **changes})


@given(records)
def test_a_record_comes_back_as_it_was_and_always_with_the_same_bytes(record):
    serialized = example.encode(record)
    assert example.decode(serialized) == record
    assert example.encode(record) == serialized


def test_tensorflow_parses_the_keys_of_the_contract():
    parsed = tf.io.parse_single_example(
        example.encode(_record(span=3, columns={"generator": "größe"})),
        {
            "image/encoded": tf.io.FixedLenFeature([], tf.string),
            "label": tf.io.FixedLenFeature([], tf.int64),
            "image/width": tf.io.FixedLenFeature([], tf.int64),
            "image/height": tf.io.FixedLenFeature([], tf.int64),
            "image/channels": tf.io.FixedLenFeature([], tf.int64),
            "image/format": tf.io.FixedLenFeature([], tf.string),
            "image/sha256": tf.io.FixedLenFeature([], tf.string),
            "image/jpeg_quality": tf.io.FixedLenFeature([], tf.int64),
            "group": tf.io.FixedLenFeature([], tf.string),
            "source": tf.io.FixedLenFeature([], tf.string),
            "method": tf.io.FixedLenFeature([], tf.string),
            "image/aspect_ratio": tf.io.FixedLenFeature([], tf.float32),
            "span": tf.io.FixedLenFeature([], tf.int64),
            "slice/generator": tf.io.FixedLenFeature([], tf.string),
        },
    )
    assert parsed["image/encoded"] == b"\xff\xd8"
    assert (parsed["label"], parsed["image/width"], parsed["image/height"]) == (1, 5, 7)
    assert parsed["image/format"] == b"jpeg"
    assert parsed["image/aspect_ratio"].numpy() == np.float32(7 / 5)
    assert parsed["span"] == 3
    assert parsed["slice/generator"].numpy().decode() == "größe"


def test_an_original_has_the_bytes_it_had_before_there_were_synthetic_images():
    # As the version wrote it that knew of none.
    before = "ba2f783370cec856144dbfae210e5ee517af30c0d955d197234655c9da41036e"
    serialized = example.encode(_record(span=3, columns={"generator": "größe"}))
    assert hashlib.sha256(serialized).hexdigest() == before


def test_a_synthetic_image_says_how_it_was_made():
    # A strength may well come as a whole number.
    made = example.Synthetic("blend", "", "b" * 64, 2**63 - 1, 2, "smile", "omni", "v1")
    parsed = tf.io.parse_single_example(
        example.encode(_record(synthetic=made)),
        {
            "synthetic/maker": tf.io.FixedLenFeature([], tf.string),
            "synthetic/edit": tf.io.FixedLenFeature([], tf.string),
            "synthetic/parent": tf.io.FixedLenFeature([], tf.string),
            "synthetic/seed": tf.io.FixedLenFeature([], tf.int64),
            "synthetic/strength": tf.io.FixedLenFeature([], tf.float32),
            "synthetic/prompt": tf.io.FixedLenFeature([], tf.string),
            "synthetic/model": tf.io.FixedLenFeature([], tf.string),
            "synthetic/revision": tf.io.FixedLenFeature([], tf.string),
        },
    )
    assert {key.removeprefix("synthetic/"): value.numpy() for key, value in parsed.items()} == {
        "maker": b"blend",
        "edit": b"",
        "parent": b"b" * 64,
        "seed": 2**63 - 1,
        "strength": 2.0,
        "prompt": b"smile",
        "model": b"omni",
        "revision": b"v1",
    }


def test_a_folder_name_that_is_no_utf8_survives():
    record = _record(method=b"m\xff".decode(errors="surrogateescape"))
    assert example.decode(example.encode(record)) == record


@pytest.mark.parametrize(("width", "height", "ratio"), [(64, 64, 1), (64, 128, 2), (96, 64, 1.5)])
def test_the_aspect_ratio_is_that_of_the_longer_side(width, height, ratio):
    assert example.aspect_ratio(width, height) == _record(width=width, height=height).aspect_ratio == ratio


def test_bytes_that_are_no_record_are_named():
    with pytest.raises(BadInputError, match=r"Expected a serialized tf\.Example, received 5 bytes"):
        example.decode(b"\xffabcd")


def test_a_missing_feature_is_named():
    message = tf.train.Example.FromString(example.encode(_record()))
    del message.features.feature["image/width"]
    with pytest.raises(BadInputError, match=r"'image/width'.*received 0"):
        example.decode(message.SerializeToString())


def test_fake_is_one():
    assert example.LABEL_MAP == {"real": 0, "fake": 1}
    assert example.SPLITS == ("train", "val", "test")


def test_the_names_cost_no_tensorflow():
    code = "import sys, data.example, data.card, data.fingerprint, data.sources; "
    code += "sys.exit('tensorflow' in sys.modules or 'apache_beam' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
