"""What is said of the stacks is what their packages and the set-up say."""

import datetime
import re
from importlib import metadata
from pathlib import Path

import pytest

from pipeline.stack import STACKS, support_ends, this_stack

_ROOT = Path(__file__).parents[2]
_SETUP = (_ROOT / "tools/setup.sh").read_text()


def _wanted(package: str) -> str:
    """The release of a CUDA package that TensorFlow asks for, the oldest if it asks for a range."""
    [line] = [line for line in metadata.requires("tensorflow") if line.startswith(package)]
    return re.search(r"[=>]=\s*([\d.]+)", line)[1]


def test_this_stack_is_the_one_that_is_installed():
    stack = this_stack()
    assert metadata.version("tfx").rpartition(".")[0] == stack.tfx
    assert metadata.version("tensorflow").rpartition(".")[0] == stack.tensorflow


def test_cuda_is_the_one_its_tensorflow_wants():
    stack = this_stack()
    assert _wanted("nvidia-cuda-runtime-cu12").rpartition(".")[0] == stack.cuda
    assert _wanted("nvidia-cudnn-cu12").startswith(stack.cudnn + ".")


def test_every_python_has_one_stack_and_a_last_day():
    releases = [release for stack in STACKS for release in stack.pythons]
    assert sorted(releases) == sorted(set(releases)) == ["3.10", "3.11", "3.12", "3.13"]
    for stack in STACKS:
        for release in stack.pythons:
            python = tuple(map(int, release.split(".")))
            assert this_stack(python) is stack
            # PEP 602: a release a year in October, supported for five years.
            assert support_ends(python) == datetime.date(2016 + python[1], 10, 31)


def test_another_python_is_named():
    with pytest.raises(LookupError, match=r"one of Python 3\.10, 3\.11, 3\.12, 3\.13, received 3\.9"):
        this_stack((3, 9))


def test_the_set_up_knows_the_same_stacks():
    today, elder = STACKS
    assert re.search(r'^TODAY_PYTHONS="(.*)"', _SETUP, re.MULTILINE)[1].split() == [*reversed(today.pythons)]
    assert re.search(r'^ELDER_PYTHONS="(.*)"', _SETUP, re.MULTILINE)[1].split() == [*elder.pythons]
    assert re.search(r"^GLIBC_OF_TODAY=(.*)", _SETUP, re.MULTILINE)[1] == today.c_library


def test_no_other_module_asks_for_versions():
    asked = [
        str(path.relative_to(_ROOT))
        for package in ("pipeline", "components", "data", "serving")
        for path in (_ROOT / package).rglob("*.py")
        if re.search("version_info|python_version_tuple", path.read_text())
    ]
    assert asked == ["pipeline/stack.py"]
