"""ImportSchemaGen of TFX, which also takes a folder of records and imports the schema beside them.

So a user who submits a run names the records, once; the schema, which the import of the records wrote, comes along.
"""

import os
from typing import Any

from tfx import types
from tfx import v1 as tfx
from tfx.components.schema_gen.import_schema_gen import executor
from tfx.dsl.components.base import executor_spec
from tfx.dsl.io import fileio
from tfx.types.standard_component_specs import SCHEMA_FILE_KEY

from data.record_folder import SCHEMA_FILE
from data.schema import SCHEMA_PATH


class Executor(executor.Executor):
    """Imports a schema file, given as one or as the folder of records it lies in.

    Records from elsewhere may have none beside them; they get the project's, of this machine or image.
    """

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """See TFX's own executor; called by TFX."""
        given = exec_properties[SCHEMA_FILE_KEY]
        if not given.endswith(os.path.splitext(SCHEMA_FILE)[1]):
            beside = os.path.join(given, SCHEMA_FILE)
            given = beside if fileio.exists(beside) else str(SCHEMA_PATH)
        super().Do(input_dict, output_dict, exec_properties | {SCHEMA_FILE_KEY: given})


class ImportSchemaGen(tfx.components.ImportSchemaGen):
    """TFX's component with the executor above."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
