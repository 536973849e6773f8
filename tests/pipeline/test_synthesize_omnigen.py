"""`data synthesize --maker omnigen` up to the maker, whose process is another test's."""

import pytest

from data.errors import MakerError
from data.synthesis.omnigen import maker as maker_module
from pipeline.commands.data.makers import MAKERS, make_maker


def test_each_option_is_one_of_the_makers(monkeypatch, tmp_path):
    asked = {}
    monkeypatch.setattr(maker_module, "OmniGenMaker", lambda **options: asked.update(options))
    options = {"omnigen_python": tmp_path, "weights": "m", "guidance": 3.0, "steps": 20, "revision": "v1"}

    make_maker("omnigen", dict.fromkeys(MAKERS["omnigen"].takes) | options)

    assert asked == {"python": tmp_path, "model": "m", "guidance": 3.0, "steps": 20, "revision": "v1"}


@pytest.mark.parametrize("option", MAKERS["omnigen"].takes)
def test_each_option_is_taken(option, tmp_path):
    """Each alone ends at the missing environment or before, and never at an option that the maker does not know."""
    values = {
        "omnigen_python": tmp_path / "none",
        "guidance": 2.0,
        "image_guidance": 2.0,
        "steps": 5,
        "device": "cpu",
        "offload": "none",
        "prompts": "lighting",
    }
    with pytest.raises(ValueError, match="Expected a Python with PyTorch"):
        make_maker("omnigen", {"omnigen_python": tmp_path / "none", option: values.get(option, "x")})


def test_a_process_that_fails_is_no_mistake_of_the_user(inspector, tmp_path, monkeypatch):
    class Failing:
        def __enter__(self):
            raise MakerError("OmniGen's process, starting: ended with exit code 3.")

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(maker_module, "OmniGenMaker", Failing)
    options = ("--maker", "omnigen", "--from", tmp_path, "--out", tmp_path / "out", "--count", 2)

    code, out, err = inspector("data", "synthesize", *options)

    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == "Failed: OmniGen's process, starting: ended with exit code 3."
