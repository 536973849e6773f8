"""What the data package may import, and what runs under another Python than its own."""

import ast
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
WORKER = REPOSITORY / "data/synthesis/omnigen/worker.py"
OURS = {"pipeline", "components", "data", "serving"}
#: What the worker's environment has, and this one has not.
ITS = {"torch", "torchvision", "diffusers", "transformers", "accelerate"}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def test_data_knows_of_nothing_above_it_and_of_no_pytorch():
    paths = sorted((REPOSITORY / "data").rglob("*.py"))
    assert WORKER in paths
    for path in paths:
        forbidden = (OURS - {"data"}) | {"tfx"} | (set() if path == WORKER else ITS)
        assert not _imports(path) & forbidden, path


def test_the_worker_needs_nothing_of_this_project():
    assert _imports(WORKER) - set(sys.stdlib_module_names) == {"torch", "diffusers", "numpy", "PIL"}
