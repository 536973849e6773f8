"""What the other stack made is used on this one. Run by tools/exchange.sh, which makes it on both."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data.card import read_card
from data.example import decode

_COMMAND = Path(sys.executable).parent / "deepfake-inspector"
_TOLERANCE = 1e-5
_FOLDERS = [os.environ.get(name) for name in ("EXCHANGE_OWN", "EXCHANGE_OTHER")]

pytestmark = [
    pytest.mark.exchange,
    pytest.mark.skipif(not all(_FOLDERS), reason="needs both stacks: run tools/exchange.sh"),
]


@pytest.fixture(scope="module")
def own() -> Path:
    """The folder this stack filled (produce.py)."""
    return Path(_FOLDERS[0])


@pytest.fixture(scope="module")
def other() -> Path:
    """The folder the other stack filled."""
    return Path(_FOLDERS[1])


def _records(folder: Path) -> Path:
    return Path(json.loads((folder / "report.json").read_text())["records"])


def _pushed(folder: Path) -> Path:
    return Path(json.loads((folder / "report.json").read_text())["pushed_to"])


def _latest(folder: Path, artifact: str) -> Path:
    return max((folder / "workspace/artifacts").glob(f"{artifact}/*"), key=lambda path: int(path.name))


def _payloads(files) -> list[bytes]:
    import tensorflow as tf

    dataset = tf.data.TFRecordDataset(sorted(map(str, files)), compression_type="GZIP")
    return list(dataset.as_numpy_iterator())


def _scores(folder: Path) -> dict[str, dict]:
    answers = json.loads((folder / "scores.json").read_text())["images"]
    return {answer["file"]: answer["outputs"] for answer in answers}


def test_the_stacks_differ(own, other):
    versions = [
        json.loads((_pushed(folder) / "assets.extra/detector.json").read_text())["versions"]
        for folder in (own, other)
    ]
    assert versions[0] != versions[1]


def test_records_are_the_same_byte_for_byte_and_readable(own, other):
    mine, theirs = read_card(_records(own)), read_card(_records(other))
    assert mine.shards == theirs.shards
    records = [decode(payload) for payload in _payloads(_records(other).glob("span-*/*.tfrecord.gz"))]
    assert len(records) == theirs.kept


def test_the_schema_is_read(other):
    import tensorflow_data_validation as tfdv

    [path] = _latest(other, "ImportSchemaGen/schema").glob("*.pbtxt")
    assert "image/encoded" in {feature.name for feature in tfdv.load_schema_text(str(path)).feature}


def test_transformed_records_are_the_same_and_so_is_what_the_other_graph_makes(own, other):
    import tensorflow as tf
    import tensorflow_transform as tft

    def transformed(folder: Path) -> list[tuple[bytes, int]]:
        """The order of features in a record's bytes is left to chance."""
        payloads = _payloads(_latest(folder, "Transform/transformed_examples").glob("Split-test/*"))
        features = [tf.train.Example.FromString(payload).features.feature for payload in payloads]
        return sorted(
            (one["image_png"].bytes_list.value[0], one["label"].int64_list.value[0]) for one in features
        )

    theirs = transformed(other)
    assert theirs
    assert transformed(own) == theirs

    graph = tft.TFTransformOutput(str(_latest(other, "Transform/transform_graph")))
    raw = _payloads(_records(other).glob("span-*/test-*.tfrecord.gz"))
    made = graph.transform_features_layer()(tf.io.parse_example(raw, graph.raw_feature_spec()))
    pairs = zip(made["image_png"].numpy().tolist(), made["label"].numpy().tolist(), strict=True)
    assert sorted(pairs) == theirs


def test_the_model_is_served_with_the_same_scores(other):
    from serving.client import Client
    from serving.server import Server

    expected = _scores(other)
    with Server(_pushed(other).parent) as server:
        assert server.wait_until_available(120) == int(_pushed(other).name)
        with Client(server.address) as client:
            verdicts = client.predict_images(list(expected))
    differences = [abs(verdict.score - expected[verdict.path]["score"]["values"][0]) for verdict in verdicts]
    assert max(differences) <= _TOLERANCE
    assert [verdict.decision for verdict in verdicts] == [
        expected[verdict.path]["decision"]["values"][0] for verdict in verdicts
    ]


def test_the_keras_model_gives_the_same_scores(other):
    import tensorflow as tf

    from components import preprocessing
    from components.trainer.assets import FACTS_FILE, load_detector

    extra = _pushed(other) / "assets.extra"
    facts, expected = json.loads((extra / FACTS_FILE).read_text()), _scores(other)
    images = tf.constant([Path(path).read_bytes() for path in expected])
    pixels = preprocessing.normalise(preprocessing.decode_and_resize(images, facts["input"]["size"]))
    logits = load_detector(extra).predict(pixels, verbose=0)[:, 0].astype(float)
    scores = 1 / (1 + np.exp(-logits / facts["temperature"]))
    np.testing.assert_allclose(
        scores, [outputs["score"]["values"][0] for outputs in expected.values()], rtol=0, atol=_TOLERANCE
    )


def test_the_workspace_goes_on_and_nothing_costly_is_done_twice(other):
    finished = subprocess.run(
        [
            *(_COMMAND, "run", "--config", other / "tiny.yaml", "--data", _records(other)),
            *("--workspace", other / "workspace", "--json"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert finished.returncode == 0, finished.stderr
    cached = {line.split(":")[0] for line in finished.stderr.splitlines() if ": cached," in line}
    # Another TFDV has other options of its own, so the statistics are made anew, and what follows from them; a push
    # is repeated, as a further version of the same model.
    assert cached >= {"ImportExampleGen", "Transform", "Trainer", "Evaluator", "ServingCheck"}, (
        finished.stderr
    )
    assert json.loads(finished.stdout)["model"] == json.loads((other / "report.json").read_text())["model"]
