"""A run that leaves out a source has records, and names, of its own."""

import shutil

import pytest
from click.testing import CliRunner

from data.card import read_cards
from data.importing import import_images
from data.options import ImportOptions
from data.record_folder import SCHEMA_FILE
from pipeline.commands.run import run
from pipeline.config import PipelineConfig
from pipeline.errors import ConfigError
from pipeline.left_out import config_without, left_out_text, records_without
from pipeline.workspace import Workspace


@pytest.fixture(scope="module")
def two_sources(faces, tmp_path_factory):
    """The drawn faces twice, as two sources."""
    from data.demo.faces import draw_demo_set

    base = tmp_path_factory.mktemp("two")
    draw_demo_set(base / "others", 40, size=64, seed=9)
    import_images(faces, base / "records")
    import_images(base / "others", base / "records", ImportOptions(), span=2)
    return base / "records"


@pytest.fixture
def workspace(tmp_path):
    return Workspace.create(tmp_path / "workspace")


def test_records_are_written_once_beside_the_others(two_sources, workspace, tmp_path):
    folder, left_out = records_without("others", two_sources, workspace, lambda *_: None)
    assert folder.parent == workspace.records
    assert {card.subset for card in read_cards(folder)} == {"all but others in train and val"}
    made = [path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))]
    assert records_without("others", two_sources, workspace, lambda *_: None) == (folder, left_out)
    assert [path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))] == made
    # Another source, or another schema beside the records, is another folder.
    other, _ = records_without("faces", two_sources, workspace, lambda *_: None)
    edited = shutil.copytree(two_sources, tmp_path / two_sources.name)
    (edited / SCHEMA_FILE).write_text((edited / SCHEMA_FILE).read_text() + "\n# An edit.\n")
    anew, _ = records_without("others", edited, workspace, lambda *_: None)
    assert len({folder, other, anew}) == 3


def test_a_person_is_told_what_is_left_out(two_sources, workspace):
    _, left_out = records_without("others", two_sources, workspace, lambda *_: None)
    first, second = left_out_text(left_out).splitlines()
    train, val = left_out.images["train"], left_out.images["val"]
    assert first == f"left out   others: {train} of train and {val} of val"
    assert f"{left_out.tested} of these test images of others" in second


def test_the_run_has_names_of_its_own():
    config = PipelineConfig(name="a" * 40)
    changed = config_without(config, "CelebDF (v2)")
    again = PipelineConfig.model_validate(changed.model_dump())
    assert again == changed
    assert (len(changed.name), changed.name[:22]) == (40, "a" * 22)
    assert changed.trainer == config.trainer
    assert changed.model_name.startswith("deepfake-inspector-without-CelebDFv2")
    assert config_without(config, "celeb").model_name == "deepfake-inspector-without-celeb"
    names = {
        config_without(config, source).model_name for source in ("CelebDF (v2)", "CelebDFv2", "CelebDF v2")
    }
    assert len(names) == 3


def test_phases_and_a_source_left_out_do_not_go_together(two_sources, tmp_path):
    arguments = ["--config", "progressive", "--data", str(two_sources), "--leave-out", "others"]
    result = CliRunner().invoke(run, [*arguments, "--workspace", str(tmp_path / "ws")])
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception).startswith("--leave-out: expected a configuration without phases")
    assert not (tmp_path / "ws").exists()
