"""The Debian 13 tree: what it refuses, what it keeps from run to run, and that nothing of it is left.

Most of it runs on a machine that is made up, where debootstrap makes a small folder and chroot stays outside. What
ends a run is tried in real namespaces, as root; and in a real tree, where DEBIAN13_TREE names one that is built.
"""

import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TOOLS = (
    *("cat", "chown", "cp", "dirname", "env", "flock", "git", "ls", "mkdir", "mv", "realpath", "rm", "rmdir"),
    *("setpriv", "setsid", "sh", "sleep", "stat", "touch", "true"),
)
STOPS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGKILL: -signal.SIGKILL}
# Only passes on what it is given.
UNSHARE = 'while [ "${1#-}" != "$1" ]; do shift; done; exec "$@"'
DEBOOTSTRAP = """
for last; do tree=$last; done
mkdir -p "$tree/etc/ssl/certs" "$tree/proc" "$tree/dev" "$tree/sys"
echo built >>"{log}"
{then}
"""
# Stays outside the tree: its home is HOME, and the command the last argument. Leaves what env was told in a file.
CHROOT = """
[ "$2" = useradd ] && exec mkdir -p "$1/home/user"
tree=$2
shift 2
printf '%s\\n' "$@" >"$tree/told"
for last; do :; done
HOME=$tree/home/user exec sh -euc "$last"
"""


class Host:
    """A machine on which the script believes to be root, its repository with one commit, and its tree."""

    def __init__(self, machine):
        self.machine = machine("debian13.sh", TOOLS)
        self.folder = self.machine.home.parent
        self.tree = self.folder / "tree"
        self.clone = self.tree / "home/user/deepfake-inspector"
        self.machine.program("id", "echo 0")
        self.machine.program("unshare", UNSHARE)
        self.machine.program("mount", "")
        self.machine.program("chroot", CHROOT)
        self.debootstrap()
        self.git("init", "--quiet")
        self.commit("first")

    def debootstrap(self, then=""):
        self.machine.program("debootstrap", DEBOOTSTRAP.format(log=self.folder / "built", then=then))

    def contain(self):
        """Takes the real unshare, and mounts what is harmless; skips the test where that is not permitted."""
        unshare = shutil.which("unshare")
        probe = [unshare, "--mount", "--mount-proc", "--pid", "--fork", "true"]
        if os.getuid() != 0 or subprocess.run(probe, capture_output=True, check=False).returncode != 0:
            pytest.skip("needs root, and namespaces that are permitted")
        self.machine.program("unshare", f'exec {unshare} "$@"')
        mount = shutil.which("mount")
        self.machine.program("mount", f'for last; do :; done; exec {mount} -t tmpfs tmpfs "$last"')

    def git(self, *arguments):
        subprocess.run(
            ["git", *arguments],  # noqa: S607
            cwd=self.machine.checkout,
            env=self.machine.environment(),
            check=True,
        )

    def commit(self, text):
        (self.machine.checkout / "file").write_text(text)
        self.git("add", ".")
        self.git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", text)

    def times_built(self):
        return len((self.folder / "built").read_text().splitlines())

    def run(self, *command, **variables):
        return self.machine.run(*command, **{"DEBIAN13_TREE": str(self.tree), **variables})

    def start(self, *command):
        return _started(
            self.machine.script, *command, **self.machine.environment(DEBIAN13_TREE=str(self.tree))
        )

    def processes(self):
        """Those whose environment names this machine's folder: all that descend from the script."""
        return _processes("environ", str(self.folder))


@pytest.fixture
def host(machine):
    for tool in ("flock", "git", "setpriv"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing")
    return Host(machine)


def _cannot_run(host, **variables):
    before = sorted(host.folder.rglob("*"))
    result = host.run("true", **variables)
    assert (result.returncode, result.stdout) == (77, "")
    assert sorted(host.folder.rglob("*")) == before
    (line,) = result.stderr.splitlines()
    return line.removeprefix("debian13: cannot run here: ")


def test_it_needs_root(host):
    host.machine.program("id", "echo 1000")

    assert _cannot_run(host) == "needs root, for debootstrap and chroot. Try: sudo tools/debian13.sh"


@pytest.mark.parametrize("tool", ["debootstrap", "unshare", "chroot", "flock", "setpriv", "git"])
def test_a_missing_tool_is_named(host, tool):
    (host.machine.programs / tool).unlink()

    line = _cannot_run(host)

    assert line.startswith(f"{tool} is missing. ")
    assert "apt-get install debootstrap" in line


def test_namespaces_that_are_not_permitted(host):
    host.machine.program("unshare", "echo 'unshare: unshare failed: Operation not permitted' >&2; exit 1")

    line = _cannot_run(host)

    assert "not permitted (unshare: unshare failed: Operation not permitted)" in line
    assert "--privileged" in line


@pytest.mark.parametrize("place", ["tree", ".", "tools/../.venv/tree"])
def test_a_tree_inside_the_repository(host, place):
    tree = host.machine.checkout / place

    line = _cannot_run(host, DEBIAN13_TREE=str(tree))

    assert line == f"DEBIAN13_TREE: expected a folder outside the repository, received {tree.resolve()}."


def test_a_link_into_the_repository_is_inside(host):
    link = host.folder / "link"
    link.symlink_to(host.machine.checkout)

    assert "outside the repository" in _cannot_run(host, DEBIAN13_TREE=str(link / "tree"))


def test_a_folder_of_someone_else_is_not_touched(host):
    host.tree.mkdir()
    (host.tree / "thesis").touch()

    result = host.run("true")

    assert result.returncode == 1
    assert f"found something else at {host.tree}" in result.stderr
    assert (host.tree / "thesis").exists()


def test_the_commands_own_code_is_passed_on(host):
    assert host.run("true").returncode == 0
    assert host.run("exit 9").returncode == 9


def test_a_failed_debootstrap_names_its_log(host):
    host.debootstrap("echo no network; exit 5")

    result = host.run("true")

    assert (result.returncode, result.stderr) == (
        1,
        f"debian13: debootstrap failed; its log is {host.tree}.log\n",
    )
    assert Path(f"{host.tree}.log").read_text() == "no network\n"


def test_the_tree_is_built_once_and_again_when_broken_off(host):
    host.debootstrap("exit 1")
    host.run("true")
    assert not host.tree.exists()
    host.debootstrap()

    assert "building Debian 13" in host.run("true").stdout
    assert host.times_built() == 2
    assert "building Debian 13" not in host.run("true").stdout
    assert host.times_built() == 2


def test_an_interrupted_debootstrap_is_ended_and_done_again(host):
    host.contain()
    started = host.folder / "started"
    host.debootstrap(f"mount -t proc proc $tree/proc; touch '{started}'; sleep 300; true")
    with host.start("true") as process:
        _wait_for(started.exists, process)
        assert _mounts("tree.part/proc", host.processes())

        process.send_signal(signal.SIGTERM)

        output, _ = process.communicate(timeout=10)
    assert process.returncode == 143
    assert "debootstrap failed" not in output
    assert host.processes() == []
    assert not host.tree.exists()
    host.debootstrap()
    assert host.run("true").returncode == 0
    assert sorted(path.name for path in host.folder.glob("tree*")) == ["tree", "tree.lock", "tree.log"]


def test_the_clone_is_fresh_but_for_what_was_installed(host):
    host.run("mkdir .venv .uv; touch .venv/kept .uv/kept left-over; echo changed >file")
    host.commit("second")

    result = host.run("ls -A . .venv .uv; cat file")

    assert result.stdout.endswith("second")
    assert "left-over" not in result.stdout
    assert (host.clone / ".venv/kept").exists()
    assert (host.clone / ".uv/kept").exists()


def test_the_tree_gets_what_the_package_index_needs(host):
    authorities = host.folder / "company.pem"
    authorities.write_text("a certificate")
    host.run("true", SSL_CERT_FILE=str(authorities), PIP_INDEX_URL="https://index", UV_INDEX="a b", OTHER="x")

    inside = "/etc/ssl/certs/ca-certificates.crt"
    assert Path(f"{host.tree}{inside}").read_text() == "a certificate"
    assert (host.tree / "etc/resolv.conf").read_bytes() == Path("/etc/resolv.conf").read_bytes()
    told = (host.tree / "told").read_text().splitlines()
    expected = {
        f"SSL_CERT_FILE={inside}",
        f"PIP_CERT={inside}",
        "PIP_INDEX_URL=https://index",
        "UV_INDEX=a b",
    }
    assert expected <= set(told)
    assert told[:2] == ["/usr/bin/env", "-i"]
    assert not any(line.startswith("OTHER") for line in told)


def test_a_second_run_on_the_same_tree_leaves_the_first_alone(host):
    started = host.folder / "started"
    with host.start(f"touch '{started}'; sleep 1; cat file") as first:
        _wait_for(started.exists, first)

        second = host.run("true")

        assert first.communicate(timeout=10)[0].endswith("first")
    assert (first.returncode, second.returncode, second.stdout) == (0, 1, "")
    assert f"another run uses {host.tree}. Wait for it" in second.stderr
    assert host.run("true").returncode == 0


def test_a_folder_is_shared_under_its_own_path(host):
    share = host.folder / "share"
    log = host.folder / "mounted"
    host.machine.program("mount", f'echo "$*" >>"{log}"')

    host.run("true", SHARE=str(share))

    assert f"--bind {share} {host.tree}{share}" in log.read_text().splitlines()
    assert Path(f"{host.tree}{share}").is_dir()


@pytest.mark.parametrize("number", STOPS, ids=lambda number: number.name)
def test_nothing_is_left_of_a_run_that_is_stopped(host, number):
    host.contain()
    # As in a real tree, the command's group is another one: with that, a process outlives its parent again.
    host.machine.program("chroot", CHROOT.replace("exec sh", "exec setpriv --regid=65534 --clear-groups sh"))
    started = host.folder / "started"
    command = f"trap '' INT TERM HUP; setsid sleep 300 & touch '{started}'; sleep 300; true"
    with host.start(command) as process:
        _wait_for(started.exists, process)
        assert len(_mounts(f"{host.tree}/", host.processes())) == 3

        process.send_signal(number)

        output, _ = process.communicate(timeout=10)
    assert process.returncode == STOPS[number]
    assert output.splitlines()[-1].startswith("clone "), "nothing else is to be said"
    if number is signal.SIGKILL:  # nobody was left to wait for the others
        _wait_for(lambda: not host.processes())
    assert host.processes() == []
    assert host.run("true").returncode == 0


def test_ctrl_c_can_be_tested_inside(host):
    """A shell starts what runs in the background with Ctrl-C ignored, and its children inherit that."""
    host.run("true")

    assert "--default-signal=INT,QUIT" in (host.tree / "told").read_text().splitlines()


def test_nothing_is_left_in_a_real_tree():
    tree = Path(os.environ.get("DEBIAN13_TREE", "/nowhere"))
    if os.getuid() != 0 or shutil.which("debootstrap") is None or not (tree / ".complete").exists():
        pytest.skip("needs root, debootstrap, and a tree that is built, in DEBIAN13_TREE")
    if subprocess.run(["flock", "--nonblock", f"{tree}.lock", "true"], check=False).returncode != 0:  # noqa: S607
        pytest.skip("another run uses the tree")
    before = set(_processes("root", str(tree)))

    def ours():
        return sorted(set(_processes("root", str(tree))) - before)

    script = REPOSITORY / "tools/debian13.sh"
    with _started(script, "sleep 300 & sleep 300; true", **os.environ) as process:
        _wait_for(lambda: len(ours()) == 3, process)
        assert "/dev/pts" in _mounts("/dev", ours())

        process.send_signal(signal.SIGTERM)

        process.communicate(timeout=10)
    assert process.returncode == 143
    assert ours() == []
    assert _mounts(str(tree), ["self"]) == []


@contextmanager
def _started(script, *command, **environment):
    """The script in the background, with the signals as a terminal gives them, and what it says on a pipe."""
    process = subprocess.Popen(
        ["env", "--default-signal=INT,HUP,TERM", script, *command],  # noqa: S607
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()


def _wait_for(condition, process=None):
    end = time.monotonic() + 20
    while not condition():
        assert process is None or process.poll() is None, process.stdout.read()
        assert time.monotonic() < end, "waited for 20 s in vain"
        time.sleep(0.02)


def _processes(kind, text):
    """Ids of the processes whose environment, or root, has this text in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            file = process / kind
            content = os.readlink(file) if kind == "root" else file.read_bytes().decode(errors="replace")
        except OSError:  # it ended, or is a zombie
            continue
        if text in content:
            found.append(process.name)
    return found


def _mounts(text, processes):
    """Mount points with this text in them, as these processes see them."""
    lines = [
        line for process in processes for line in Path(f"/proc/{process}/mounts").read_text().splitlines()
    ]
    return sorted({line.split()[1] for line in lines if text in line.split()[1]})
