"""What is chosen for which machine, and what is refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from components.errors import HardwareError
from components.hardware_plan import Gpu, check_one_machine, plan_hardware, shared_batch_size
from components.settings import HardwareSettings

_AMPERE, _VOLTA = Gpu("NVIDIA A100", (8, 0)), Gpu("Tesla V100", (7, 0))
_PASCAL, _UNKNOWN = Gpu("Tesla P100", (6, 0)), Gpu("GPU:0", None)


@pytest.mark.parametrize(
    ("gpus", "settings", "processors", "expected"),
    [
        ([], {}, 1, "processor, 2 cores, float32"),
        ([], {}, 2, "processor, 2 cores, float32"),
        ([], {"devices": "one"}, 2, "processor, 2 cores, float32"),
        ([], {"devices": "all"}, 2, "2 logical processors, 2 cores, MirroredStrategy, float32"),
        (
            [],
            {"precision": "mixed_bfloat16", "jit_compile": True},
            1,
            "processor, 2 cores, mixed_bfloat16, XLA",
        ),
        ([_AMPERE], {}, 1, "1 GPU (NVIDIA A100, compute capability 8.0), mixed_float16, XLA"),
        ([_AMPERE], {"devices": "all"}, 2, "1 GPU (NVIDIA A100, compute capability 8.0), mixed_float16, XLA"),
        ([_VOLTA], {"jit_compile": False}, 1, "1 GPU (Tesla V100, compute capability 7.0), mixed_float16"),
        ([_PASCAL], {}, 1, "1 GPU (Tesla P100, compute capability 6.0), float32, XLA"),
        ([_UNKNOWN], {}, 1, "1 GPU (GPU:0, compute capability unknown), float32, XLA"),
        ([_AMPERE], {"precision": "float32"}, 1, "1 GPU (NVIDIA A100, compute capability 8.0), float32, XLA"),
        (
            [_AMPERE, _AMPERE],
            {},
            1,
            "2 GPUs (NVIDIA A100, compute capability 8.0), MirroredStrategy, mixed_float16",
        ),
        (
            [_AMPERE, _PASCAL],
            {},
            1,
            "2 GPUs (NVIDIA A100, compute capability 8.0; Tesla P100, compute capability 6.0), MirroredStrategy, "
            "float32",
        ),
        (
            [_AMPERE, _PASCAL],
            {"devices": "one"},
            1,
            "1 GPU (NVIDIA A100, compute capability 8.0), mixed_float16, XLA",
        ),
    ],
)
def test_the_plan_of_a_machine(gpus, settings, processors, expected):
    plan = plan_hardware(HardwareSettings(**settings), gpus, cores=2, logical_processors=processors)
    assert str(plan) == expected


def test_xla_on_several_devices_is_refused():
    with pytest.raises(HardwareError, match=r"on 2 devices.*keras#19005"):
        plan_hardware(HardwareSettings(jit_compile=True), [_AMPERE, _AMPERE], cores=2)


@pytest.mark.parametrize(
    "told",
    [
        None,
        "",
        "{}",
        json.dumps({"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}),
        json.dumps({"cluster": {"chief": ["a:1"]}}),
    ],
)
def test_one_machine_may_train(told):
    check_one_machine({} if told is None else {"TF_CONFIG": told})


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (
            json.dumps({"cluster": {"worker": ["a:1", "b:1"]}}),
            r"received 2 worker\..*keras#20585.*Unset TF_CONFIG",
        ),
        (json.dumps({"cluster": {"chief": ["a:1"], "worker": ["b:1"]}}), "received 1 chief, 1 worker"),
        (json.dumps({"cluster": {"chief": ["a:1"], "ps": ["b:1"]}}), "received 1 chief, 1 ps"),
        ("worker-0", "expected JSON"),
        ("[]", "expected JSON"),
        (json.dumps({"cluster": {"worker": 2}}), "expected JSON"),
    ],
)
def test_several_machines_are_refused_with_what_works_instead(told, message):
    with pytest.raises(HardwareError, match=message):
        check_one_machine({"TF_CONFIG": told})


@pytest.mark.parametrize(
    ("images", "wanted", "devices", "expected"),
    [
        (1068, 32, 1, 32),
        (33, 32, 1, 32),
        (1068, 32, 2, 32),
        # 17 images are no two equal parts.
        (1068, 17, 2, 16),
        # A last batch of one image is none for the second device.
        (1057, 32, 2, 30),
        # Of six images, four devices would get 2, 2, 2 and 0; of ten, 3, 3, 3 and 1.
        (38, 32, 4, 28),
        (20, 32, 4, 32),
        (23, 32, 4, 16),
    ],
)
def test_a_batch_size_that_devices_can_share(images, wanted, devices, expected):
    assert shared_batch_size(images, wanted, devices) == expected


@pytest.mark.parametrize(("images", "wanted", "devices"), [(1, 32, 2), (100, 3, 4), (21, 99, 4)])
def test_no_batch_size_that_devices_can_share(images, wanted, devices):
    with pytest.raises(
        HardwareError, match=f"{devices} devices can share {images} images, received {wanted}"
    ):
        shared_batch_size(images, wanted, devices)


_PARTS = """
import json, sys
import tensorflow as tf
from components.errors import HardwareError
from components.hardware_plan import shared_batch_size
devices = 4
[processor] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * devices)
strategy = tf.distribute.MirroredStrategy([f"CPU:{n}" for n in range(devices)], tf.distribute.ReductionToOneDevice())

def parts(images, size):
    shared = strategy.experimental_distribute_dataset(tf.data.Dataset.range(images).batch(size))
    return [[int(part.shape[0]) for part in strategy.experimental_local_results(batch)] for batch in shared]

for images in (6, 9, 22, 39, 41):
    cut = {size: parts(images, size) for size in range(1, 13)}
    fitting = [size for size, (first, *rest) in cut.items() if min(map(min, [first, *rest])) and len({*first}) == 1]
    try:
        chosen = shared_batch_size(images, 12, devices)
    except HardwareError:
        chosen = None
    print(json.dumps([images, chosen, max(fitting, default=None)]))
"""


@pytest.mark.slow
def test_it_is_the_largest_with_which_tensorflow_leaves_no_device_idle():
    run = subprocess.run(
        [sys.executable, "-c", _PARTS],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(answers) == 5
    for images, chosen, largest in answers:
        assert chosen == largest, images
