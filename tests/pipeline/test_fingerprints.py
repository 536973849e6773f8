"""A hash changes with the code it stands for, however indirectly that is imported, and with nothing else."""

import ast
import hashlib
import json
from pathlib import Path

import pytest

from pipeline.fingerprints import file_hash, source_hash

REPOSITORY = Path(__file__).parents[2]

# A small project whose packages have the names of ours; its modules import each other in every way there is.
_PROJECT = {
    "components/__init__.py": "",
    "components/step.py": "import json\nimport components.plain\nfrom components import named\n\n"
    "def late():\n    from components.deep.inner import value\n    return value\n",
    "components/plain.py": "import components.step  # a circle\nfrom data.far import value as renamed\n",
    "components/named.py": "",
    "components/deep/__init__.py": "",
    "components/deep/inner.py": "value = 1\n",
    "components/unrelated.py": "import components.step\n",
    "data/__init__.py": "",
    "data/far.py": "from serving.farther import *\nvalue = 1\n",
    "serving/__init__.py": "",
    "serving/farther.py": "",
    "serving/unrelated.py": "",
    "pipeline_of_another_project.py": "",
}
_HASH = """
import sys
sys.path.insert(0, sys.argv[1])
from pipeline.fingerprints import source_hash
try:
    print(source_hash(*sys.argv[2:]))
except ModuleNotFoundError as error:
    print("ModuleNotFoundError:", error)
"""


@pytest.fixture
def project(tmp_path):
    for name, text in _PROJECT.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def hash_of(project, fresh_python):
    """``hash_of(*modules)``: of the small project's modules, by a process that has not seen them before."""
    return lambda *modules: fresh_python(_HASH, project, *modules, check=True).stdout.strip()


def _edit(path):
    path.write_text(path.read_text() + "# edited\n")


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param("components/step.py", id="the module itself"),
        pytest.param("components/plain.py", id="import a.b"),
        pytest.param("components/named.py", id="from a import b"),
        pytest.param("components/deep/inner.py", id="inside a function"),
        pytest.param("data/far.py", id="by an imported module, of another package"),
        pytest.param("serving/farther.py", id="by one imported by that"),
    ],
)
def test_an_edit_of_what_is_imported_changes_the_hash(project, hash_of, edited):
    before = hash_of("components.step")
    _edit(project / edited)
    assert hash_of("components.step") != before


def test_an_edit_of_what_is_not_imported_does_not(project, hash_of):
    before = hash_of("components.step")
    for name in ("components/unrelated.py", "serving/unrelated.py", "pipeline_of_another_project.py"):
        _edit(project / name)
    (project / "components/new.py").touch()
    assert hash_of("components.step") == before


def test_the_hash_repeats_and_looks_at_neither_place_nor_order(
    project, hash_of, tmp_path_factory, fresh_python
):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "project"
    before = hash_of("components.step", "serving.unrelated")
    assert hash_of("serving.unrelated", "components.step", "components.plain") == before
    project.rename(elsewhere)
    moved = fresh_python(_HASH, elsewhere, "components.step", "serving.unrelated", check=True)
    assert moved.stdout.strip() == before
    assert len(before) == 16
    int(before, 16)


def test_content_that_moves_to_another_module_changes_the_hash(project, hash_of):
    before = hash_of("components.named", "components.deep.inner")
    named, inner = project / "components/named.py", project / "components/deep/inner.py"
    named_text, inner_text = named.read_text(), inner.read_text()
    named.write_text(inner_text)
    inner.write_text(named_text)
    assert hash_of("components.named", "components.deep.inner") != before


@pytest.mark.parametrize("module", ["components.absent", "components.step.absent", "absent.step"])
def test_an_unknown_module_is_named(hash_of, module):
    assert hash_of("components.step", module) == (
        f"ModuleNotFoundError: Expected a module of this project, received '{module}'."
    )


def test_the_hash_of_a_module_without_imports_is_sha256_of_names_and_contents_of_it_and_its_package():
    package, module = (
        (REPOSITORY / file).read_bytes() for file in ("components/__init__.py", "components/errors.py")
    )
    expected = hashlib.sha256(
        b"components\0" + package + b"\0components.errors\0" + module + b"\0"
    ).hexdigest()
    assert source_hash("components.errors") == expected[:16]


# What Python itself loads for a module is the yardstick for what the hash must cover.
_LOADED = """
import importlib, json, sys
from pipeline.fingerprints import _closure
roots = json.loads(sys.argv[1])
for root in roots:
    importlib.import_module(root)
ours = {
    name: module.__file__
    for name, module in sys.modules.items()
    if name.split(".")[0] in ("components", "data", "serving")
}
print(json.dumps([ours, sorted(_closure(roots))]))
"""


def test_all_of_ours_that_a_step_loads_is_hashed(fresh_python):
    steps = [
        *("components.data_gate", "components.transform", "components.trainer.run"),
        *("components.serving_check", "serving.replay", "components.tuner", "components.scoring.component"),
    ]
    loaded, hashed = json.loads(fresh_python(_LOADED, json.dumps(steps), check=True).stdout.splitlines()[-1])
    assert "components.trainer.stages" in loaded
    # A package's __init__ counts only where it does something.
    missed = {name for name, path in loaded.items() if name not in hashed and _has_code(path)}
    assert not missed


def _has_code(path):
    body = ast.parse(Path(path).read_text()).body
    return any(not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) for node in body)


def test_nothing_of_ours_is_imported_in_the_way_the_hash_does_not_follow():
    """Relative imports."""
    sources = [
        path for package in ("components", "data", "serving") for path in (REPOSITORY / package).rglob("*.py")
    ]
    assert sources
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.ImportFrom) and node.level), path


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_the_hash_of_a_file_is_that_of_hashlib(tmp_path, size):
    content = bytes(number % 251 for number in range(1000)) * (size // 1000 + 1)
    (tmp_path / "file").write_bytes(content[:size])
    assert file_hash(tmp_path / "file") == hashlib.sha256(content[:size]).hexdigest()[:16]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        file_hash(tmp_path / "absent")


def test_a_template_beside_the_modules_counts_too(tmp_path):
    template = tmp_path / "page.html"
    template.write_text("one")
    before = source_hash("components.report.page", files=[template])
    assert before == source_hash("components.report.page", files=[template])
    assert before != source_hash("components.report.page")
    template.write_text("two")
    assert source_hash("components.report.page", files=[template]) != before
