"""Which schema is imported."""

import pytest
from tfx.types import standard_artifacts

from components.schema_import import Executor, ImportSchemaGen
from data.schema import SCHEMA_PATH


def imported(tmp_path, given):
    schema = standard_artifacts.Schema()
    schema.uri = str(tmp_path / "out")
    Executor().Do({}, {"schema": [schema]}, {"schema_file": str(given)})
    return (tmp_path / "out/schema.pbtxt").read_text()


@pytest.fixture
def edited():
    """A schema that is not the project's."""
    return SCHEMA_PATH.read_text() + '\nfeature { name: "edited" type: BYTES }\n'


def test_a_file_is_imported_as_it_is(tmp_path, edited):
    (tmp_path / "mine.pbtxt").write_text(edited)
    assert imported(tmp_path, tmp_path / "mine.pbtxt") == edited


def test_of_a_folder_of_records_it_is_the_schema_beside_them(tmp_path, edited):
    (tmp_path / "schema.pbtxt").write_text(edited)
    assert imported(tmp_path, tmp_path) == edited


def test_records_without_one_get_the_projects(tmp_path):
    assert imported(tmp_path, tmp_path) == SCHEMA_PATH.read_text()


def test_it_is_the_executor_that_runs():
    assert ImportSchemaGen.EXECUTOR_SPEC.executor_class is Executor
