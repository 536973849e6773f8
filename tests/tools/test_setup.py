"""The set-up's choices on machines that are made up: stack, Python, uv, and the one line when there is no way on."""

import sys

import pytest

TOOLS = ("cat", "cut", "dirname", "head", "rm", "sed", "sha256sum", "sort", "tr")

# Answers the script's own question as another Python would.
PYTHON = """
[ "$1" = --version ] && {{ echo "Python {version}"; exit; }}
[ "$1" = -c ] || {{ echo "python {version} $*" >>"{log}"; exit 1; }}
exec "{real}" -I -c 'import sys
sys.version_info = tuple(map(int, "{version}".split("."))) + ("final", 0)
sys.prefix = sys.base_prefix
{change}
exec(sys.argv[1])' "$2"
"""
DEAD_SHIM = 'echo "pyenv: ${0##*/}: command not found" >&2; exit 127'
# Obeys the orders that make an environment, and writes every order down.
UV = """
[ "$1" = --version ] && {{ echo "uv 0.0"; exit; }}
echo "$*" >>"{log}"
[ "$1" = venv ] || exit 0
for last; do :; done
[ ! -e "$last" ] || exit 2
"{mkdir}" -p "$last/bin"
"{copy}" "{python}" "$last/bin/python"
"""


class Setup:
    """The set-up on a machine of the test's making: Linux on x86_64, glibc 2.41, no Python and no uv at first."""

    def __init__(self, machine):
        self.machine = machine("setup.sh", TOOLS)
        self.log = self.machine.home.parent / "log"
        for name in ("requirements.lock", "pyproject.toml", "setup.py"):
            (self.machine.checkout / name).write_text("first")
        self.system("Linux", "x86_64")
        self.glibc("2.41")

    def system(self, name, processor):
        self.machine.program("uname", f'[ "$1" = -m ] && echo {processor} || echo {name}')

    def glibc(self, version):
        self.machine.program("getconf", f'[ "$1" = GNU_LIBC_VERSION ] && echo "glibc {version}"')

    def python(self, name, version, folder=None, change=""):
        code = PYTHON.format(version=version, log=self.log, real=sys.executable, change=change)
        return self.machine.program(name, code, folder)

    def uv(self, folder=None):
        """Environments that it makes get what is then a Python 3.13 that obeys everything."""
        python = self.machine.program(
            "obedient", '[ "$1" != --version ] || echo Python 3.13.1', self.log.parent
        )
        code = UV.format(log=self.log, mkdir="/bin/mkdir", copy="/bin/cp", python=python)
        return self.machine.program("uv", code, folder)

    def orders(self):
        """What uv and the Pythons were told to do, but for questions."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def explain(self, **variables):
        """Runs `--explain`, which must leave no trace whatever it says."""
        before = self._files()
        result = self.machine.run("--explain", **variables)
        assert self._files() == before
        assert self.orders() == []
        return result

    def lines(self, **variables):
        result = self.explain(**variables)
        assert (result.returncode, result.stderr) == (0, "")
        return dict(line.split(maxsplit=1) for line in result.stdout.splitlines())

    def refusal(self, **variables):
        result = self.explain(**variables)
        assert result.returncode != 0
        (line,) = result.stderr.splitlines()
        return line

    def _files(self):
        folders = (self.machine.checkout, self.machine.home)
        return {
            path: path.read_bytes() if path.is_file() else None
            for folder in folders
            for path in folder.rglob("*")
        }


@pytest.fixture
def bare(machine):
    return Setup(machine)


@pytest.fixture
def equipped(bare):
    """A machine that lacks nothing, whatever stack is picked."""
    bare.python("python3.10", "3.10.14")
    bare.python("python3.13", "3.13.1")
    bare.uv()
    return bare


@pytest.mark.parametrize(
    ("glibc", "stack", "python"),
    [
        ("2.9", "elder", "python3.10"),
        ("2.36", "elder", "python3.10"),
        ("2.37", "elder", "python3.10"),
        ("2.38", "today", "python3.13"),
        ("2.39", "today", "python3.13"),
        ("2.41", "today", "python3.13"),
        ("2.100", "today", "python3.13"),
        ("3.0", "today", "python3.13"),
    ],
)
def test_the_c_library_picks_the_stack_and_its_python(equipped, glibc, stack, python):
    equipped.glibc(glibc)

    lines = equipped.lines()

    assert lines["stack"].startswith(f"{stack}: TFX 1.")
    assert f"glibc {glibc}" in lines["stack"]
    assert "2.38" in lines["stack"]
    assert lines["python"].startswith(str(equipped.machine.programs / python))


@pytest.mark.parametrize("glibc", ["2.36", "2.41"])
def test_the_stack_can_be_asked_for(equipped, glibc):
    equipped.glibc(glibc)

    lines = equipped.lines(STACK="elder")

    assert lines["stack"].startswith("elder: TFX 1.16 on Python 3.10 (STACK=elder was asked for")
    assert lines["python"].endswith("(Python 3.10.14)")


def test_todays_stack_can_be_asked_for_where_it_runs(equipped):
    stack = equipped.lines(STACK="today")["stack"]

    assert stack.startswith("today: ")
    assert "STACK=today was asked for" in stack


def test_todays_stack_is_refused_where_its_wheels_would_not_install(equipped):
    equipped.glibc("2.36")

    line = equipped.refusal(STACK="today")

    assert "STACK=today: the wheels of TFX 1.21 will not install here, with glibc 2.36" in line
    assert "need 2.38 or newer. Leave STACK out" in line
    assert "docker build" in line


def test_a_stack_that_does_not_exist(equipped):
    assert equipped.refusal(STACK="newest") == "setup: STACK: expected today or elder, received 'newest'."


def test_an_argument_that_does_not_exist(equipped):
    result = equipped.machine.run("--explian")

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "setup: expected no argument, or --explain, received '--explian'.\n"
    assert equipped.orders() == []


@pytest.mark.parametrize(
    ("system", "processor"),
    [("Darwin", "arm64"), ("Darwin", "x86_64"), ("MINGW64_NT-10.0-19045", "x86_64"), ("Linux", "aarch64")],
)
def test_a_system_without_wheels_is_named_and_shown_two_ways_out(equipped, system, processor):
    equipped.system(system, processor)

    _shows_two_ways_out(equipped.refusal(), f"{system} on {processor}")


@pytest.mark.parametrize(
    "answer", ["exit 127", "echo 'getconf: GNU_LIBC_VERSION: unknown variable' >&2; exit 1", "echo undefined"]
)
def test_another_c_library_is_shown_two_ways_out(equipped, answer):
    equipped.machine.program("getconf", answer)

    _shows_two_ways_out(equipped.refusal(), "Linux with another C library, such as musl")


def test_a_machine_without_getconf_is_shown_two_ways_out(equipped):
    (equipped.machine.programs / "getconf").unlink()

    _shows_two_ways_out(equipped.refusal(), "Linux with another C library, such as musl")


def _shows_two_ways_out(line, system):
    assert f"no wheels for {system}" in line
    assert "Linux on x86_64 with glibc" in line
    # Without the platform, Docker builds for the processor of the machine, which has no wheels either.
    assert "docker build --platform linux/amd64 " in line
    assert "serving/client.py needs grpcio and protobuf, and runs anywhere" in line


def test_a_dead_shim_is_passed_over_for_a_python_later_on_path(bare):
    bare.uv()
    bare.machine.path.append(bare.machine.home / "with spaces")
    bare.machine.program("python3.13", DEAD_SHIM)
    alive = bare.python("python3.13", "3.13.2", bare.machine.path[-1])

    assert bare.lines()["python"] == f"{alive} (Python 3.13.2)"


def test_a_dead_shim_is_passed_over_for_the_python_behind_it(bare):
    bare.uv()
    bare.glibc("2.36")
    bare.machine.program("python3.10", DEAD_SHIM)
    bare.machine.program("python3", DEAD_SHIM)
    alive = bare.python("python", "3.10.13", bare.machine.home / ".pyenv/versions/3.10.13/bin")

    assert bare.lines()["python"] == f"{alive} (Python 3.10.13)"


def test_a_python_that_uv_fetched_before_is_found(bare):
    bare.uv()
    folder = bare.machine.home / ".local/share/uv/python/cpython-3.12.7-linux-x86_64-gnu/bin"
    kept = bare.python("python", "3.12.7", folder)

    assert bare.lines()["python"] == f"{kept} (Python 3.12.7)"


def test_a_python3_of_the_right_version_counts(bare):
    bare.uv()
    python = bare.python("python3", "3.12.3")

    assert bare.lines()["python"] == f"{python} (Python 3.12.3)"


def test_the_newest_python_of_the_stack_is_taken(bare):
    bare.uv()
    for minor in (10, 11, 12, 14):
        bare.python(f"python3.{minor}", f"3.{minor}.0")

    assert bare.lines()["python"].endswith("(Python 3.12.0)")


@pytest.mark.parametrize(
    "change",
    [
        'sys.modules["ssl"] = None',
        'sys.modules["bz2"] = None',
        'sys.implementation.name = "pypy"',
        "sys.maxsize = 2**31 - 1",
        'sys.abiflags = "t"',
        'sys.prefix = "/somewhere/.venv"',
    ],
    ids=["no ssl", "no bz2", "PyPy", "32 bits", "free-threaded", "in an environment"],
)
def test_a_python_that_cannot_hold_the_stack_is_passed_over(bare, change):
    bare.uv()
    bare.python("python3.13", "3.13.1", change=change)
    bare.python("python3.11", "3.11.9")

    assert bare.lines()["python"].endswith("(Python 3.11.9)")


def test_without_its_python_uv_is_enough(bare):
    uv = bare.uv()
    bare.python("python3", "3.9.2")

    lines = bare.lines()

    assert lines["python"].startswith("3.13, which uv fetches: ")
    assert lines["uv"] == str(uv)


def test_without_uv_an_old_python_is_enough(bare):
    bare.python("python3", "3.9.2")

    lines = bare.lines()

    assert lines["python"].startswith("3.13, which uv fetches: ")
    assert lines["uv"].endswith("from the package index, into .uv")


@pytest.mark.parametrize("case", ["none", "too old", "dead", "without venv"])
def test_a_machine_with_no_usable_python_gets_one_line(bare, case):
    if case == "too old":
        bare.python("python3", "3.6.15")
    if case == "dead":
        bare.machine.program("python3", DEAD_SHIM)
        bare.machine.program("uv", DEAD_SHIM)
    if case == "without venv":
        bare.python("python3", "3.13.1", change='sys.modules["ensurepip"] = None')

    line = bare.refusal()

    assert "no uv here, and no working Python 3" in line
    assert "apt-get install python3 python3-venv" in line


def test_what_was_explained_is_done_and_then_left_alone(equipped):
    python = equipped.lines()["python"].split()[0]

    assert _set_up(equipped) == "install done"
    made, synced, installed = equipped.orders()
    assert made == f"venv --quiet --no-project --python {python} .venv"
    assert "--require-hashes" in synced
    assert synced.endswith("requirements.lock")
    assert installed.endswith("--editable .")

    assert _set_up(equipped) == "install up to date (.venv)"
    assert len(equipped.orders()) == 3


def test_another_lock_is_installed_into_the_same_environment(equipped):
    _set_up(equipped)
    (equipped.machine.checkout / "requirements.lock").write_text("second")

    assert _set_up(equipped) == "install done"
    assert [order.split()[0] for order in equipped.orders()] == ["venv", "pip", "pip", "pip", "pip"]


def test_a_compiler_is_fetched_where_the_elder_stack_finds_none(equipped):
    _set_up(equipped, STACK="elder")
    (equipped.machine.checkout / "requirements.lock").write_text("second")

    assert _set_up(equipped, STACK="elder") == "install done"
    assert sum("ziglang" in order for order in equipped.orders()) == 2

    equipped.machine.program("c++", "")
    (equipped.machine.checkout / "requirements.lock").write_text("third")
    _set_up(equipped, STACK="elder")
    assert sum("ziglang" in order for order in equipped.orders()) == 2


@pytest.mark.parametrize("case", ["broken off", "broken off in an update", "of another Python"])
def test_an_environment_that_will_not_do_is_made_anew(equipped, case):
    environment = equipped.machine.checkout / ".venv"
    _set_up(equipped)
    (environment / "left over").touch()
    if case == "broken off":
        (environment / ".complete").unlink()
    elif case == "broken off in an update":
        (equipped.machine.checkout / "requirements.lock").write_text("second")
        equipped.machine.program("uv", '[ "$1" = --version ]')
        assert equipped.machine.run().returncode == 1
        equipped.uv()
    else:
        equipped.machine.program("python", "echo Python 3.11.2", environment / "bin")
        (environment / ".complete").write_text("another")

    assert _set_up(equipped) == "install done"
    assert not (environment / "left over").exists()


def _set_up(setup: Setup, **variables: str) -> str:
    """What the set-up says last."""
    result = setup.machine.run(**variables)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.splitlines()[-1]
