"""Which phases there are images for, and their records: nested, written once, of this very data."""

from pathlib import Path

import pytest

from data.card import read_cards
from data.errors import BadInputError
from data.example import SPLITS, decode
from data.record_folder import SCHEMA_FILE, record_files
from data.subset_records import write_subset
from pipeline.config import PipelineConfig
from pipeline.phases import LeftOut, Phase, phase_records, phases_folder, plan_phases
from pipeline.workspace import Workspace


def _config(*subsets) -> PipelineConfig:
    return PipelineConfig(
        name="mine", phases=[{"subset": one} for one in subsets], data={"seed": 3}, model={"weights": "none"}
    )


def _own(name, images, real_share=0.5):
    return {"name": name, "images": images, "real_share": real_share}


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace.create(tmp_path / "workspace")


def _write(phase, records, workspace) -> Path:
    return phase_records(phase, records, workspace, lambda *_: None)


def _images(records) -> set[str]:
    import tensorflow as tf

    files = [str(path) for split in SPLITS for path in record_files(records, split)]
    read = tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator()
    return {decode(one).sha256 for one in read}


def test_phases_without_enough_images_or_with_the_same_ones_are_left_out(imported):
    planned = plan_phases(_config(_own("first", 10), "mini", "full"), imported)
    assert [type(one) for one in planned] == [Phase, LeftOut, Phase]
    first, mini, full = planned
    assert (first.name, first.images, first.config.name) == ("first", 10, "mine-first")
    assert mini == LeftOut("mini", "it takes 534 real and 534 fake images, and there are 20 and 20")
    assert (full.real, full.fake) == (20, 20)
    # What was left out is no part of what comes after.
    assert [subset.name for subset in full.chain] == ["first", "full"]

    _, again = plan_phases(_config(_own("all", 40), "full"), imported)
    assert again == LeftOut("full", "it holds the same 40 images as phase all")


def test_each_phase_holds_the_images_of_the_one_before(imported, workspace):
    phases = plan_phases(_config(_own("a", 10), _own("b", 16, 0.25), _own("c", 30, 0.6), "full"), imported)
    # Five reals are no quarter of 16 images.
    reason = "no choice of whole groups that holds the phase before it has 4 real and 12 fake images"
    assert [one for one in phases if isinstance(one, LeftOut)] == [LeftOut("b", reason)]
    seen = [_images(_write(one, imported, workspace)) for one in phases if isinstance(one, Phase)]
    assert [len(images) for images in seen] == [10, 30, 40]
    assert seen[0] < seen[1] < seen[2]


def test_records_are_written_once_and_all_of_them_are_not_copied(imported, workspace):
    first, full = plan_phases(_config(_own("first", 10), "full"), imported)
    folder = _write(first, imported, workspace)
    assert folder.parent == _write(full, imported, workspace).parent == phases_folder(imported, workspace)
    assert [card.subset for card in read_cards(folder)] == ["first"]
    assert _write(full, imported, workspace).resolve() == imported
    made = [path.stat().st_mtime_ns for path in folder.rglob("*")]
    assert _write(first, imported, workspace) == folder
    assert [path.stat().st_mtime_ns for path in folder.rglob("*")] == made


def test_another_size_another_seed_or_another_schema_has_a_folder_of_its_own(imported, workspace, tmp_path):
    import shutil

    records = shutil.copytree(imported, tmp_path / "records")
    configs = (
        _config(_own("first", 10)),
        _config(_own("first", 12)),
        _config(_own("first", 10)).model_copy(update={"data": PipelineConfig().data}),
    )
    folders = {_write(plan_phases(config, records)[0], records, workspace) for config in configs}
    assert len(folders) == 3
    (records / SCHEMA_FILE).write_text((records / SCHEMA_FILE).read_text() + "\n# An edit.\n")
    assert phases_folder(records, workspace) not in {folder.parent for folder in folders}


def test_a_link_to_records_that_are_gone_is_made_anew(imported, workspace):
    [full] = plan_phases(_config("full"), imported)
    folder = _write(full, imported, workspace)
    folder.unlink()
    folder.symlink_to(workspace.root / "gone")
    assert _images(_write(full, imported, workspace)) == _images(imported)


def test_a_subset_and_what_is_no_import_are_refused(imported, workspace, tmp_path):
    write_subset("full", imported, tmp_path / "subset")
    with pytest.raises(BadInputError, match="Expected a whole import"):
        plan_phases(_config(_own("first", 10)), tmp_path / "subset")
    with pytest.raises(BadInputError, match="Expected an imported data set"):
        plan_phases(_config(_own("first", 10)), workspace.root)
