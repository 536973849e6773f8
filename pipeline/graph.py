"""The DAG: what runs, in which order, on what. Runners decide where."""

from collections.abc import Sequence

import tensorflow_data_validation as tfdv
from tfx import v1 as tfx
from tfx.dsl.components.base.base_node import BaseNode

from components.data_gate import DataGate
from components.evaluator import eval_config
from components.latest_blessed import latest_blessed
from components.serving_check import ServingCheck
from data.example import SPLITS
from pipeline.config import PipelineConfig
from pipeline.fingerprints import file_hash, source_hash

_TRAIN, _VALIDATION, _TEST = SPLITS
_TRAINER_MODULE = "components.trainer.run"
_TRANSFORM_MODULE = "components.transform"


def create_pipeline(
    config: PipelineConfig,
    *,
    records: str,
    schema_file: str,
    pipeline_root: str,
    push_to: str,
    training_dir: str | None,
    metadata: object | None,
    beam_args: Sequence[str],
) -> tfx.dsl.Pipeline:
    """Wires the nodes from records to a pushed model.

    Args:
        config: what to do.
        records: folder of `{train,val,test}-*.tfrecord.gz`.
        schema_file: the curated schema; its path must change with its content, as the cache looks at the path.
        pipeline_root: where nodes write their artifacts.
        push_to: base path of the served model.
        training_dir: where the Trainer keeps what lets a killed run go on; None for a folder of the run.
        metadata: connection to ML Metadata, or None where the runner brings its own.
        beam_args: Beam pipeline arguments.
    """
    return tfx.dsl.Pipeline(
        pipeline_name=config.name,
        pipeline_root=pipeline_root,
        metadata_connection_config=metadata,
        components=_nodes(config, records, schema_file, push_to, training_dir),
        enable_cache=True,
        beam_pipeline_args=list(beam_args),
    )


def _nodes(
    config: PipelineConfig, records: str, schema_file: str, push_to: str, training_dir: str | None
) -> list[BaseNode]:
    example_gen = tfx.components.ImportExampleGen(
        input_base=records,
        input_config=tfx.proto.Input(
            splits=[tfx.proto.Input.Split(name=split, pattern=f"{split}-*.tfrecord.gz") for split in SPLITS]
        ),
    )
    examples = example_gen.outputs["examples"]

    import_schema = tfx.components.ImportSchemaGen(schema_file=schema_file)
    schema = import_schema.outputs["schema"]

    # With the schema, statistics count label values and recognise image bytes.
    statistics_gen = tfx.components.StatisticsGen(
        examples=examples, schema=schema, stats_options=tfdv.StatsOptions(enable_semantic_domain_stats=True)
    )
    statistics = statistics_gen.outputs["statistics"]
    validator = tfx.components.ExampleValidator(statistics=statistics, schema=schema)
    gate = DataGate(
        statistics=statistics,
        schema=schema,
        anomalies=validator.outputs["anomalies"],
        source_hash=source_hash("components.data_gate"),
    )

    transform = tfx.components.Transform(
        examples=examples,
        schema=schema,
        preprocessing_fn=f"{_TRANSFORM_MODULE}.preprocessing_fn",
        # The images have been looked at already; statistics of pixels would tell nothing.
        disable_statistics=True,
        custom_config={
            "image_size": config.model.image_size,
            "source_hash": source_hash(_TRANSFORM_MODULE),
        },
    )
    transform.add_upstream_node(gate)

    trainer = tfx.components.Trainer(
        run_fn=f"{_TRAINER_MODULE}.run_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema,
        train_args=tfx.proto.TrainArgs(splits=[_TRAIN]),
        eval_args=tfx.proto.EvalArgs(splits=[_VALIDATION, _TEST]),
        custom_config={
            "settings": config.trainer.model_dump(mode="json"),
            "weights_hash": file_hash(config.model.weights_file) if config.model.weights_file else None,
            "model_name": config.model_name,
            "source_hash": source_hash(_TRAINER_MODULE),
            "training_dir": training_dir,
        },
    )
    model = trainer.outputs["model"]

    baseline = latest_blessed(model)
    evaluator = tfx.components.Evaluator(
        examples=examples,
        model=model,
        baseline_model=baseline.outputs["model"],
        eval_config=eval_config(config.evaluation),
        example_splits=[_TEST],
    )
    serving_check = ServingCheck(
        # The check runs the second module in a process of its own.
        model=model,
        source_hash=source_hash("components.serving_check", "serving.replay"),
    )
    # A model that is worse need not be loaded; a model that cannot be served stops the run.
    serving_check.add_upstream_node(evaluator)

    pusher = tfx.components.Pusher(
        model=model,
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=serving_check.outputs["blessing"],
        push_destination=tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(base_directory=push_to)
        ),
    )
    return [
        example_gen,
        import_schema,
        statistics_gen,
        validator,
        gate,
        transform,
        trainer,
        baseline,
        evaluator,
        serving_check,
        pusher,
    ]
