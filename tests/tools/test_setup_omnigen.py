"""The set-up of OmniGen's environment on machines that are made up; nothing is installed."""

import pytest

TOOLS = ("cat", "cut", "dirname", "rm", "sha256sum")
PYTHON = """
[ "$1" != --version ] || {{ echo "Python {version}"; exit; }}
[ "$1" != -I ] || exit {starts}
"""
# Obeys, and writes every order down.
UV = """
[ "$1" = --version ] && {{ echo "uv 0.0"; exit; }}
echo "$*" >>"{log}"
[ "$1" = venv ] || exit 0
for last; do :; done
/bin/mkdir -p "$last/bin"
/bin/cp .venv/bin/python "$last/bin/python"
"""


@pytest.fixture
def checkout(machine):
    """A machine whose checkout has been set up; ``checkout.log`` holds what uv was told."""
    made = machine("setup_omnigen.sh", TOOLS)
    made.log = made.home.parent / "log"
    (made.checkout / "requirements-omnigen.lock").write_text("torch==1")
    made.python = lambda version="3.13.1", starts=0: made.program(
        "python", PYTHON.format(version=version, starts=starts), made.checkout / ".venv/bin"
    )
    made.python()
    made.program("uv", UV.format(log=made.log), made.checkout / ".uv/bin")
    return made


def _orders(checkout):
    return checkout.log.read_text().splitlines() if checkout.log.exists() else []


def test_it_installs_with_the_python_of_the_project_once(checkout):
    first, again = checkout.run(), checkout.run()

    assert (first.returncode, first.stderr) == (0, "")
    assert "hf download Shitao/OmniGen-v1-diffusers" in first.stdout
    assert _orders(checkout) == [
        "venv --quiet --no-project --python .venv/bin/python .venv-omnigen",
        "pip sync --quiet --python .venv-omnigen/bin/python --require-hashes requirements-omnigen.lock",
    ]
    assert (again.returncode, again.stdout) == (0, "install up to date (.venv-omnigen)\n")


def test_another_lock_is_brought_in_and_another_python_starts_afresh(checkout):
    checkout.run()
    (checkout.checkout / "requirements-omnigen.lock").write_text("torch==2")
    renewed = checkout.run()
    assert "what requirements-omnigen.lock changes" in renewed.stdout
    assert [order.split()[0] for order in _orders(checkout)] == ["venv", "pip", "pip"]

    checkout.python("3.12.1")
    assert "install from requirements-omnigen.lock into" in checkout.run().stdout
    assert [order.split()[0] for order in _orders(checkout)][3:] == ["venv", "pip"]


def test_what_does_not_start_is_not_complete(checkout):
    checkout.python(starts=1)

    assert checkout.run().returncode == 1
    assert "PyTorch and diffusers do not start here" in checkout.run().stderr


@pytest.mark.parametrize(("missing", "what"), [(".venv/bin/python", "no .venv"), (".uv/bin/uv", "no uv")])
def test_without_the_projects_own_set_up_it_says_so(checkout, missing, what):
    (checkout.checkout / missing).unlink()

    said = checkout.run()

    assert said.returncode == 1
    assert said.stderr == f"setup-omnigen: {what} here. Run 'make setup' first.\n"
