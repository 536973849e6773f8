"""The choices that the command line and the configuration spell out, for speed, are those that `data` knows."""

from typing import get_args

from data.options import ImportOptions
from data.partition.subsets import SUBSETS
from data.sources import LAYOUTS
from pipeline.commands.data import data
from pipeline.config import DataSettings, PipelineConfig
from pipeline.records import import_options


def _choices(command, parameter):
    [found] = [one for one in data.commands[command].params if one.name == parameter]
    return tuple(found.type.choices)


def test_layouts():
    assert _choices("import", "layout") == ("auto", *LAYOUTS)
    assert get_args(DataSettings.model_fields["layout"].annotation) == ("auto", *LAYOUTS)


def test_subsets():
    assert _choices("subset", "name") == tuple(subset.name for subset in SUBSETS)


def test_a_run_imports_like_the_command_by_itself():
    run = import_options(PipelineConfig().data).as_dict()
    command = {one.name: one.default for one in data.commands["import"].params}
    assert run["seed"] == command["seed"]
    assert run["max_cue_auc"] == command["max_cue_auc"]
    assert run["margin"] == command["margin"]
    assert run["max_quarantined_share"] == command["max_quarantined_share"]
    assert run["limits"]["smallest_face"] == command["smallest_face"]
    own = ImportOptions(seed=run["seed"], shares=run["shares"], beam_args=())
    assert own.as_dict() == run
