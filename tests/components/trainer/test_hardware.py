"""Devices: what is chosen, what it changes, and that two of them train what one does."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.errors import HardwareError
from components.progress import PROGRESS
from components.settings import HardwareSettings
from components.trainer.hardware import choose_hardware

_ROOT = Path(__file__).parents[3]


def _run(code: str, *arguments: object) -> list[str]:
    """Runs code in a process whose processor is divided into two devices; returns what it printed."""
    divided = """
import sys
import keras, numpy as np, tensorflow as tf
from components.settings import HardwareSettings
from components.trainer.hardware import choose_hardware
[processor] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
"""
    run = subprocess.run(
        [sys.executable, "-c", divided + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=_ROOT,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


_SMALL_TRAINING = """
rng = np.random.default_rng(0)
images = int(sys.argv[1])
pixels = rng.normal(size=(images, 8, 8, 3)).astype("float32")
labels = (pixels.mean((1, 2, 3)) > 0).astype("float32")[:, None]
batches = tf.data.Dataset.from_tensor_slices((pixels, labels)).batch(8)

def train(devices, precision):
    hardware = choose_hardware(HardwareSettings(devices=devices, precision=precision))
    keras.utils.set_random_seed(1)
    with hardware.building():
        model = keras.Sequential([
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3, activation="silu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(1, dtype="float32"),
        ])
        model.compile(
            keras.optimizers.Adam(1e-2),
            keras.losses.BinaryCrossentropy(from_logits=True),
            metrics=[keras.metrics.AUC(from_logits=True, name="auc")],
            jit_compile=hardware.jit_compile,
        )
        history = model.fit(
            batches, validation_data=batches, epochs=2, class_weight={0: 0.8, 1: 1.3}, verbose=0
        ).history
        predicted = model.predict(batches, verbose=0)
    assert predicted.dtype == np.float32
    return {
        "hardware": str(hardware),
        "copies": hardware.strategy.num_replicas_in_sync,
        "alters": hardware.alters_model,
        "weights": [weight.astype(float).ravel().tolist() for weight in model.get_weights()],
        "predicted": predicted.ravel().tolist(),
        "val_loss": history["val_loss"],
        "val_auc": history["val_auc"],
    }

import json
for precision in ("float32", "mixed_float16"):
    for devices in ("one", "all"):
        print(json.dumps(train(devices, precision)))
"""


@pytest.mark.slow
def test_two_devices_train_and_measure_what_one_does_also_with_an_uneven_last_batch():
    # Five batches of eight and one of four.
    one, two, half_one, half_two = (json.loads(line) for line in _run(_SMALL_TRAINING, 44))
    assert (one["copies"], one["alters"], two["copies"], two["alters"]) == (1, False, 2, True)
    assert one["hardware"].endswith("float32")
    assert two["hardware"].startswith("2 logical processors, ")
    assert two["hardware"].endswith("MirroredStrategy, float32")
    for of_one, of_two in zip(one["weights"], two["weights"], strict=True):
        np.testing.assert_allclose(of_two, of_one, atol=1e-5)
    for answer in ("predicted", "val_loss", "val_auc"):
        np.testing.assert_allclose(two[answer], one[answer], atol=1e-4)

    assert half_one["alters"]
    assert half_two["hardware"].endswith("MirroredStrategy, mixed_float16")
    for halved in (half_one, half_two):
        np.testing.assert_allclose(halved["predicted"], one["predicted"], atol=2e-2)
        assert halved["predicted"] != one["predicted"]


_STAGES = """
import json
from pathlib import Path
from components.settings import ModelSettings, StageSettings, TrainerSettings, TrainingSettings
from components.trainer.dataset import TransformedSplit
from components.trainer.epochs import EpochStore
from components.trainer.model import Detector
from components.trainer.stages import StageRunner

train, validation = (TransformedSplit([file], 32, 8) for file in sys.argv[1:3])
stages = (
    StageSettings(name="frozen", trainable="none", epochs=2, learning_rate=1e-2),
    StageSettings(
        name="all", trainable="all", epochs=2, learning_rate=1e-2, augment=False, batch_normalization="frozen"
    ),
)
settings = TrainerSettings(
    model=ModelSettings(weights="none", image_size=32), training=TrainingSettings(stages=stages)
)

def detector():
    keras.utils.set_random_seed(1)
    pixels = keras.Input((32, 32, 3))
    features = keras.layers.Conv2D(8, 3, strides=4, use_bias=False)(keras.layers.Rescaling(1 / 255)(pixels))
    features = keras.layers.Activation("silu")(keras.layers.BatchNormalization()(features))
    backbone = keras.Model(pixels, features)
    head = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1, dtype="float32", name="logit")])
    return Detector(keras.layers.Rescaling(255.0), backbone, keras.layers.GlobalAveragePooling2D(), head)

for devices in ("one", "all"):
    hardware = choose_hardware(HardwareSettings(devices=devices))
    with hardware.building():
        small = detector()
    runner = StageRunner(settings, small, train, validation, Path(sys.argv[3]) / devices, hardware)
    best = [runner.run(stage).best for stage in stages]
    # What a later run takes up is the same.
    with hardware.building():
        later = detector()
    again = StageRunner(settings, later, train, validation, Path(sys.argv[3]) / devices, hardware)
    for stage in stages:
        again.run(stage)
    weights, of_later = (
        [weight.ravel().tolist() for weight in one.model().get_weights()] for one in (small, later)
    )
    assert of_later == weights
    print("answer", json.dumps([best, weights]))

# Each by batches of eight leaves one image, and so none for the second device.
odd = [TransformedSplit([file], 32, 8, hardware.plan.devices) for file in sys.argv[4:6]]
with hardware.building():
    small = detector()
runner = StageRunner(settings, small, *odd, Path(sys.argv[3]) / "odd", hardware)
print("odd", json.dumps([*(split.batch_size for split in odd), *(runner.run(stage).epochs for stage in stages)]))
print("losses", json.dumps([loss for epoch in runner.epochs for loss in (epoch.loss, epoch.val_loss)]))

# Statistics that train differ from device to device.
stage = stages[1].model_copy(update={"name": "trained", "epochs": 4, "batch_normalization": "trained"})

def measured(folder):
    with hardware.building():
        small = detector()
    runner = StageRunner(settings, small, train, validation, Path(sys.argv[3]) / folder, hardware)
    runner.run(stage)
    return [epoch.val_loss for epoch in runner.epochs]

whole, keep = measured("whole"), EpochStore.add

def killed(store, epoch, model):
    keep(store, epoch, model)
    if epoch.epoch == 2:
        raise KeyboardInterrupt

EpochStore.add = killed
try:
    measured("killed")
except KeyboardInterrupt:
    EpochStore.add = keep
print("resumed", json.dumps([whole, measured("killed")]))
"""


@pytest.mark.slow
def test_two_devices_run_the_stages_as_one_does(write_transformed, make_pictures, tmp_path):
    files = [
        write_transformed(tmp_path / f"{count}.gz", *make_pictures(count, first))
        for count, first in ((40, 0), (20, 100), (41, 0), (17, 100))
    ]
    lines = _run(_STAGES, *files[:2], tmp_path / "stages", *files[2:])
    one, two, odd, losses, (whole, resumed) = (
        json.loads(line.partition(" ")[2])
        for line in lines
        if line.partition(" ")[0] in ("answer", "odd", "losses", "resumed")
    )
    assert len(whole) == 4
    assert resumed == pytest.approx(whole, abs=1e-5)
    assert odd == [6, 6, 2, 2]
    assert np.isfinite(losses).all()
    assert two[0] == pytest.approx(one[0], abs=1e-3)
    for of_one, of_two in zip(one[1], two[1], strict=True):
        np.testing.assert_allclose(of_two, of_one, atol=1e-4)


def test_the_policy_is_that_of_the_hardware_inside_and_the_one_before_afterwards():
    before = keras.config.dtype_policy().name
    hardware = choose_hardware(HardwareSettings(precision="mixed_bfloat16"))
    with hardware.building():
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        with choose_hardware(HardwareSettings()).building():
            assert keras.layers.Dense(1).compute_dtype == "float32"
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == before == "float32"


def test_the_policy_is_the_one_before_also_after_an_error():
    with (
        pytest.raises(ValueError, match="a model"),
        choose_hardware(HardwareSettings(precision="mixed_bfloat16")).building(),
    ):
        raise ValueError("a model that could not be built")
    assert keras.config.dtype_policy().name == "float32"


def test_the_processor_is_used_with_all_of_its_cores():
    hardware = choose_hardware(HardwareSettings())
    if not tf.config.list_physical_devices("GPU"):
        assert not hardware.alters_model
        assert not hardware.jit_compile
    # 0: as many as there are.
    assert tf.config.threading.get_intra_op_parallelism_threads() == 0
    assert tf.config.threading.get_inter_op_parallelism_threads() == 0


def test_one_of_several_machines_is_refused(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["a:1", "b:1"]}}))
    with pytest.raises(HardwareError, match="one machine"):
        choose_hardware(HardwareSettings())


@pytest.fixture
def gpus(monkeypatch):
    """``gpus(*capabilities)``: TensorFlow tells of so many GPUs; returns those whose memory may grow."""

    def pretend(*capabilities: tuple[int, int] | None) -> list[str]:
        names = [f"/physical_device:GPU:{number}" for number in range(len(capabilities))]
        details = dict(zip(names, capabilities, strict=True))
        devices = [tf.config.PhysicalDevice(name, "GPU") for name in names]
        growing: list[str] = []
        monkeypatch.setattr(tf.config, "list_physical_devices", {"GPU": devices}.__getitem__)
        monkeypatch.setattr(
            tf.config.experimental,
            "get_device_details",
            lambda gpu: (
                {"device_name": "NVIDIA A100", "compute_capability": details[gpu.name]}
                if details[gpu.name]
                else {}
            ),
        )
        monkeypatch.setattr(
            tf.config.experimental, "set_memory_growth", lambda gpu, on: growing.append((gpu.name, on))
        )
        return growing

    return pretend


def test_one_gpu(gpus):
    growing = gpus((8, 0))
    hardware = choose_hardware(HardwareSettings())
    assert str(hardware) == "1 GPU (NVIDIA A100, compute capability 8.0), mixed_float16, XLA"
    assert (hardware.precision, hardware.jit_compile, hardware.alters_model) == ("mixed_float16", True, True)
    assert hardware.strategy.num_replicas_in_sync == 1
    assert growing == [("/physical_device:GPU:0", True)]


def test_a_gpu_of_another_maker_tells_no_capability(gpus):
    gpus(None)
    hardware = choose_hardware(HardwareSettings())
    assert str(hardware) == "1 GPU (/physical_device:GPU:0, compute capability unknown), float32, XLA"


def test_several_gpus(gpus, monkeypatch):
    growing = gpus((8, 0), (8, 0))
    asked = []
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", lambda *arguments: asked.append(arguments))
    hardware = choose_hardware(HardwareSettings())
    assert str(hardware) == "2 GPUs (NVIDIA A100, compute capability 8.0), MirroredStrategy, mixed_float16"
    # No second argument: NCCL, TensorFlow's default.
    assert asked == [(["GPU:0", "GPU:1"],)]
    assert growing == [("/physical_device:GPU:0", True), ("/physical_device:GPU:1", True)]
    assert str(choose_hardware(HardwareSettings(devices="one"))).startswith("1 GPU ")
    assert len(asked) == 1


def test_memory_that_was_taken_before_is_told(gpus, monkeypatch, caplog):
    gpus((8, 0))

    def too_late(gpu, on):
        raise RuntimeError("Physical devices cannot be modified after being initialized")

    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", too_late)
    for forced, expected in (("", 1), ("true", 0)):
        monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", forced)
        caplog.clear()
        with caplog.at_level(logging.INFO, "absl"):
            assert choose_hardware(HardwareSettings()).jit_compile
        told = [record.args[0] for record in caplog.records if record.msg == PROGRESS]
        assert len(told) == expected
        assert all("TF_FORCE_GPU_ALLOW_GROWTH=true" in text for text in told)


@pytest.mark.gpu
def test_a_gpu_trains_in_mixed_precision_with_xla_and_answers_in_float32():
    if not tf.config.list_physical_devices("GPU"):
        pytest.skip("TensorFlow finds no GPU")
    hardware = choose_hardware(HardwareSettings(devices="one", precision="mixed_float16", jit_compile=True))
    assert str(hardware).endswith("mixed_float16, XLA")
    rng = np.random.default_rng(0)
    labels = np.arange(64) % 2
    pixels = (rng.uniform(0, 0.5, (64, 64, 64, 3)) + 0.5 * labels[:, None, None, None]).astype(np.float32)
    # The last batch has another shape: XLA compiles twice.
    batches = tf.data.Dataset.from_tensor_slices((pixels, labels[:, None].astype(np.float32))).batch(24)
    keras.utils.set_random_seed(1)
    with hardware.building():
        backbone = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(64, 64, 3))
        features = keras.layers.GlobalAveragePooling2D()(
            backbone(keras.layers.Rescaling(255.0)(backbone.input))
        )
        model = keras.Model(backbone.input, keras.layers.Dense(1, dtype="float32")(features))
        model.compile(
            keras.optimizers.Adam(1e-3),
            keras.losses.BinaryCrossentropy(from_logits=True),
            jit_compile=hardware.jit_compile,
        )
        losses = model.fit(batches, epochs=6, verbose=0).history["loss"]
        predicted = model.predict(batches, verbose=0)
    assert all("GPU" in weight.value.device for weight in model.trainable_weights)
    assert backbone.get_layer("stem_conv").compute_dtype == "float16"
    assert all(weight.dtype == "float32" for weight in model.trainable_weights)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert predicted.dtype == np.float32
    assert np.isfinite(predicted).all()
    assert losses[-1] < 0.5 * losses[0]
