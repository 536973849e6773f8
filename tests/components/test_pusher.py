"""Where a model is pushed to, as a path and as a proto."""

import pytest
from google.protobuf import json_format
from tfx import v1 as tfx
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.pusher import Executor, Pusher, push_destination


@pytest.mark.parametrize("as_path", [True, False])
def test_the_destination_is_a_path_or_a_proto(tmp_path, as_path):
    model, pushed = standard_artifacts.Model(), standard_artifacts.PushedModel()
    model.uri, pushed.uri = str(tmp_path / "trained"), str(tmp_path / "pushed")
    serving = tmp_path / "trained" / path_utils.serving_model_dir("")
    serving.mkdir(parents=True)
    (serving / "saved_model.pb").write_text("graph")
    base = str(tmp_path / "models")
    destination = base if as_path else json_format.MessageToJson(push_destination(base))

    Executor().Do({"model": [model]}, {"pushed_model": [pushed]}, {"push_destination": destination})

    [version] = (tmp_path / "models").iterdir()
    assert (version / "saved_model.pb").read_text() == "graph"
    assert pushed.get_string_custom_property("pushed_destination") == str(version)


def test_a_parameter_of_the_pipeline_may_be_the_destination():
    parameter = tfx.dsl.experimental.RuntimeParameter(name="push_to", ptype=str)
    node = Pusher(
        model=tfx.dsl.Channel(type=standard_artifacts.Model),
        model_blessing=tfx.dsl.Channel(type=standard_artifacts.ModelBlessing),
        push_destination=parameter,
    )
    assert node.exec_properties["push_destination"] is parameter
    assert node.executor_spec.executor_class is Executor
