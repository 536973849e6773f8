"""The facts of each backbone are those that Keras itself builds it by."""

import inspect
import subprocess
import sys

import keras
import pytest
from keras.src.applications import efficientnet, efficientnet_v2

from components.backbone_facts import BACKBONE_FACTS


@pytest.mark.parametrize("name", BACKBONE_FACTS)
def test_name_and_size_are_those_of_keras(name, monkeypatch):
    asked = {}

    def recorder(build):
        signature = inspect.signature(build)
        return lambda *args, **kwargs: asked.update(signature.bind(*args, **kwargs).arguments)

    # Every constructor hands its own numbers to one of these two.
    monkeypatch.setattr(efficientnet, "EfficientNet", recorder(efficientnet.EfficientNet))
    monkeypatch.setattr(efficientnet_v2, "EfficientNetV2", recorder(efficientnet_v2.EfficientNetV2))
    getattr(keras.applications, BACKBONE_FACTS[name].constructor)(include_top=False, weights=None)

    assert asked["default_size"] == BACKBONE_FACTS[name].image_size
    assert asked["name"].replace("efficientnetv2-", "v2-").replace("efficientnet", "") == name.removeprefix(
        "efficientnet"
    ).removeprefix("-")
    # As the table has it: each takes whole numbers from 0 to 255 and normalises them itself.
    assert asked.get("include_preprocessing", True) is True
    assert BACKBONE_FACTS[name].input_range == (0.0, 255.0)


def test_all_that_are_promised_are_there():
    assert list(BACKBONE_FACTS) == [
        *(f"efficientnet-b{number}" for number in range(8)),
        *(f"efficientnetv2-b{number}" for number in range(4)),
        "efficientnetv2-s",
    ]


def test_the_table_loads_no_keras():
    code = "import sys, components.backbone_facts; print('keras' in sys.modules, 'tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
