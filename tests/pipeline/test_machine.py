"""What the doctor finds: the path training takes, GPUs, and the weights that are there."""

import json
import os
import stat
from collections.abc import Callable

import pytest

from components.backbone_facts import BACKBONE_FACTS
from pipeline.machine import Finding, findings


@pytest.fixture
def doctor(tmp_path, monkeypatch) -> Callable[..., dict[str, Finding]]:
    """``doctor(nvidia_smi=None, **environment)``: all findings by subject.

    ``nvidia_smi`` is a shell script that takes the place of the driver's tool; None where there is no driver.
    """

    def look(nvidia_smi: str | None = None, **environment: str) -> dict[str, Finding]:
        tools = tmp_path / "tools"
        tools.mkdir(exist_ok=True)
        if nvidia_smi is not None:
            tool = tools / "nvidia-smi"
            tool.write_text(f"#!/bin/sh\n{nvidia_smi}\n")
            tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(tools))
        for name in ("TF_CONFIG", "CUDA_VISIBLE_DEVICES"):
            monkeypatch.delenv(name, raising=False)
        for name, value in ({"KERAS_HOME": str(tmp_path / "keras")} | environment).items():
            monkeypatch.setenv(name, value)
        return {one.subject: one for one in findings(tmp_path)}

    return look


def test_without_a_gpu_the_processor_trains(doctor):
    found = doctor()
    cores = len(os.sched_getaffinity(0))
    assert found["GPU"] == Finding("GPU", "none (no NVIDIA driver)", None)
    training = found["training"]
    assert training.found == f"processor, {cores} core{'s' if cores > 1 else ''}, float32 (no GPU)"
    assert training.ok is None


_QUERY = '[ "$*" = "--query-gpu=name,compute_cap,memory.total --format=csv,noheader,nounits" ] || exit 9\n'


@pytest.mark.parametrize(
    ("rows", "gpu", "training"),
    [
        (
            ["NVIDIA A100-SXM4-80GB, 8.0, 81920"],
            "NVIDIA A100-SXM4-80GB (80 GB)",
            "1 GPU (NVIDIA A100-SXM4-80GB, compute capability 8.0), mixed_float16, XLA",
        ),
        (
            ["Tesla P100-PCIE-16GB, 6.0, 16280"],
            "Tesla P100-PCIE-16GB (16 GB)",
            "1 GPU (Tesla P100-PCIE-16GB, compute capability 6.0), float32, XLA",
        ),
        (
            ["Tesla T4, 7.5, 15360", "Tesla T4, 7.5, 15360"],
            "Tesla T4 (15 GB), Tesla T4 (15 GB)",
            "2 GPUs (Tesla T4, compute capability 7.5), MirroredStrategy, mixed_float16",
        ),
        (
            ["NVIDIA Thing, [N/A], 15360"],
            "NVIDIA Thing (15 GB)",
            "1 GPU (NVIDIA Thing, compute capability unknown), float32, XLA",
        ),
        (
            ["NVIDIA GB10, 12.1, [N/A]"],
            "NVIDIA GB10",
            "1 GPU (NVIDIA GB10, compute capability 12.1), mixed_float16, XLA",
        ),
    ],
)
def test_gpus_and_what_training_makes_of_them(doctor, rows, gpu, training):
    found = doctor(_QUERY + "\n".join(f"echo '{row}'" for row in rows))
    assert (found["GPU"].found, found["GPU"].ok) == (gpu, True)
    assert (found["training"].found, found["training"].ok) == (training, True)


def test_a_driver_without_gpus(doctor):
    found = doctor("exit 0")
    assert (found["GPU"].found, found["GPU"].ok) == ("none", None)
    assert found["training"].found.startswith("processor, ")


def test_hidden_gpus_are_told(doctor):
    found = doctor(_QUERY + "echo 'Tesla T4, 7.5, 15360'", CUDA_VISIBLE_DEVICES="1")
    assert "CUDA_VISIBLE_DEVICES=1" in found["GPU"].advice


def test_a_broken_driver_is_to_be_mended(doctor):
    found = doctor('echo "NVIDIA-SMI has failed because it couldn\'t communicate\nwith the driver."; exit 9')
    assert found["GPU"].ok is False
    assert "failed because it couldn't communicate with the driver." in found["GPU"].found
    assert found["training"].found.startswith("processor, ")


def test_one_of_several_machines_is_to_be_mended(doctor):
    found = doctor(TF_CONFIG=json.dumps({"cluster": {"worker": ["a:1", "b:1"]}}))["training"]
    assert found.ok is False
    assert "one machine" in found.advice
    assert doctor(TF_CONFIG=json.dumps({"cluster": {"worker": ["a:1"]}}))["training"].ok is None


def test_the_weights_that_are_there_are_named(doctor, tmp_path):
    folder = tmp_path / "keras" / "models"
    folder.mkdir(parents=True)
    weights = doctor()["ImageNet weights"]
    assert weights.found == f"none in {folder}"
    assert "offline" in weights.advice
    # With its top, it is no use.
    for name in ("efficientnetb0.h5", "efficientnetb3_notop.h5", "efficientnetv2-b0_notop.h5"):
        (folder / name).touch()
    weights = doctor()["ImageNet weights"]
    assert weights.found == f"efficientnet-b3, efficientnetv2-b0, in {folder}"


_KERAS_NAMES = """
import json
import keras
from keras.src.utils import file_utils
from components.backbone_facts import BACKBONE_FACTS
asked = {}
class Asked(Exception):
    pass
def get_file(name, *arguments, **options):
    asked[backbone] = name
    raise Asked
file_utils.get_file = get_file
for backbone in ("efficientnet-b0", "efficientnet-b1", "efficientnetv2-b0", "efficientnetv2-s"):
    build = getattr(keras.applications, BACKBONE_FACTS[backbone].constructor)
    try:
        build(include_top=False, weights="imagenet", input_shape=(32, 32, 3))
    except Asked:
        pass
print(json.dumps(asked))
"""


@pytest.mark.slow
def test_the_weights_are_looked_for_under_the_names_that_keras_gives_them(doctor, tmp_path, fresh_python):
    names = json.loads(fresh_python(_KERAS_NAMES, check=True).stdout)
    assert len(names) == 4
    folder = tmp_path / "keras" / "models"
    folder.mkdir(parents=True)
    for name in names.values():
        (folder / name).touch()
    assert doctor()["ImageNet weights"].found == f"{', '.join(names)}, in {folder}"
    assert set(names) < set(BACKBONE_FACTS)


def test_looking_loads_neither_tensorflow_nor_keras(fresh_python, tmp_path):
    code = (
        "import sys; from pathlib import Path; from pipeline.machine import findings; "
        "findings(Path(sys.argv[1])); print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = set(fresh_python(code, tmp_path, check=True).stdout.split())
    assert not loaded & {"tensorflow", "keras", "tfx", "keras_tuner"}
