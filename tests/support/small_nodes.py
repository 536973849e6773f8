"""Executors of nodes that do next to nothing, named by their dotted path as a spec names them."""

import json
import os
import signal
import time
from pathlib import Path

from tfx.dsl.components.base import base_beam_executor, base_executor
from tfx.dsl.io import fileio


class Copying(base_executor.BaseExecutor):
    """Copies the text of `examples` and says in the metadata where it found it, and what else it was given."""

    def Do(self, input_dict, output_dict, exec_properties):  # noqa: N802 - TFX's name
        """Called by TFX."""
        [source], [target] = input_dict["examples"], output_dict["copy"]
        with fileio.open(f"{source.uri}/text", "r") as file:
            text = file.read()
        fileio.makedirs(target.uri)
        with fileio.open(f"{target.uri}/text", "w") as file:
            file.write(text)
        target.set_string_custom_property("source", source.uri)
        target.set_string_custom_property("source_type", source.type_name)
        target.set_string_custom_property("splits", source.split_names)
        target.set_string_custom_property("given", json.dumps(exec_properties, sort_keys=True))
        target.set_int_custom_property("blessed", 1)


class Failing(base_executor.BaseExecutor):
    """Writes half of what it should, and fails."""

    def Do(self, input_dict, output_dict, exec_properties):  # noqa: N802 - TFX's name
        """Called by TFX."""
        fileio.makedirs(output_dict["copy"][0].uri)
        raise ValueError("the first line\nand the second")


class Evicted(base_executor.BaseExecutor):
    """Is told to stop while it works, as Kubernetes does before it takes a machine away."""

    def Do(self, input_dict, output_dict, exec_properties):  # noqa: N802 - TFX's name
        """Called by TFX."""
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)


class Distributed(base_beam_executor.BaseBeamExecutor):
    """Notes whether it is to read from object storage, and the temporary folder it may use with its workers."""

    def Do(self, input_dict, output_dict, exec_properties):  # noqa: N802 - TFX's name
        """Called by TFX."""
        [source] = input_dict["examples"]
        temp = self._get_tmp_dir()
        Path(temp, "half").write_text("what a worker leaves behind")
        # Not the URI itself: one of the mirror would be told as the one it stands for.
        output_dict["copy"][0].set_int_custom_property("remote", "://" in source.uri)
        output_dict["copy"][0].set_string_custom_property("temp", temp)
