"""The DAG: what runs, in which order, on what. Runners decide where."""

from collections.abc import Sequence

import tensorflow_data_validation as tfdv
from tfx import v1 as tfx
from tfx.dsl.components.base.base_node import BaseNode
from tfx_bsl.public.proto import slicing_spec_pb2

from components.data_gate import DataGate
from components.evaluator import eval_config
from components.latest_blessed import latest_blessed
from components.serving_check import ServingCheck
from data.example import SPAN_KEY, SPLITS
from data.images.shape import SMALLEST_FACE
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
    split_pattern: str = "{split}-*.tfrecord.gz",
    spans: int = 1,
    served_statistics: str | None = None,
    smallest_face: int = SMALLEST_FACE,
    columns: Sequence[str] = (),
) -> tfx.dsl.Pipeline:
    """Wires the nodes from records to a pushed model.

    Args:
        config: what to do.
        records: folder of records.
        schema_file: the curated schema; its path must change with its content, as the cache looks at the path.
        pipeline_root: where nodes write their artifacts.
        push_to: base path of the served model.
        training_dir: where the Trainer keeps what lets a killed run go on; None for a folder of the run.
        metadata: connection to ML Metadata, or None where the runner brings its own.
        beam_args: Beam pipeline arguments.
        split_pattern: matches the record files of a split below `records`, where `{split}` is its name.
        spans: how many spans the records hold; with more than one, statistics are made of each, too.
        served_statistics: folder of the ExampleStatistics that the served model was trained on; None if none is.
        smallest_face: least pixels of an image's shorter side, as the records were imported.
        columns: annotated columns of the records, which the evaluation slices by.
    """
    example_gen = tfx.components.ImportExampleGen(
        input_base=records,
        input_config=tfx.proto.Input(
            splits=[
                tfx.proto.Input.Split(name=split, pattern=split_pattern.format(split=split))
                for split in SPLITS
            ]
        ),
    )
    import_schema = tfx.components.ImportSchemaGen(schema_file=schema_file)
    checks = _data_checks(
        example_gen.outputs["examples"],
        import_schema.outputs["schema"],
        spans,
        config.data.min_class_share,
        served_statistics,
    )
    return tfx.dsl.Pipeline(
        pipeline_name=config.name,
        pipeline_root=pipeline_root,
        metadata_connection_config=metadata,
        components=[
            example_gen,
            import_schema,
            *checks,
            *_model_nodes(
                config,
                example_gen.outputs["examples"],
                import_schema.outputs["schema"],
                checks[-1],
                push_to,
                training_dir,
                smallest_face,
                columns,
            ),
        ],
        enable_cache=True,
        beam_pipeline_args=list(beam_args),
    )


def _data_checks(
    examples: tfx.types.BaseChannel,
    schema: tfx.types.BaseChannel,
    spans: int,
    min_class_share: float,
    served_statistics: str | None,
) -> list[BaseNode]:
    """Statistics, what is wrong with them, and, last, the gate."""
    # With the schema, statistics count label values and recognise image bytes.
    options = tfdv.StatsOptions(enable_semantic_domain_stats=True)
    # Slices cost as much again as the whole; with one span they would tell the same.
    if spans > 1:
        options.slicing_config = slicing_spec_pb2.SlicingConfig(
            slicing_specs=[
                slicing_spec_pb2.SlicingSpec(),
                slicing_spec_pb2.SlicingSpec(feature_keys=[SPAN_KEY]),
            ]
        )
    statistics_gen = tfx.components.StatisticsGen(examples=examples, schema=schema, stats_options=options)
    statistics = statistics_gen.outputs["statistics"]
    validator = tfx.components.ExampleValidator(statistics=statistics, schema=schema)
    gate = DataGate(
        statistics=statistics,
        schema=schema,
        anomalies=validator.outputs["anomalies"],
        source_hash=source_hash("components.data_gate"),
        min_class_share=min_class_share,
        # TFX takes no None for a parameter that may be left out.
        **({"served_statistics": served_statistics} if served_statistics else {}),
    )
    return [statistics_gen, validator, gate]


def _model_nodes(
    config: PipelineConfig,
    examples: tfx.types.BaseChannel,
    schema: tfx.types.BaseChannel,
    gate: BaseNode,
    push_to: str,
    training_dir: str | None,
    smallest_face: int,
    columns: Sequence[str],
) -> list[BaseNode]:
    """From examples that passed the gate to a pushed model."""
    transform = tfx.components.Transform(
        examples=examples,
        schema=schema,
        preprocessing_fn=f"{_TRANSFORM_MODULE}.preprocessing_fn",
        # The images have been looked at already; statistics of pixels would tell nothing.
        disable_statistics=True,
        custom_config={
            "image_size": config.model.input_size,
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
            "smallest_face": smallest_face,
            "training_dir": training_dir,
        },
    )
    model = trainer.outputs["model"]

    baseline = latest_blessed(model)
    evaluator = tfx.components.Evaluator(
        examples=examples,
        model=model,
        baseline_model=baseline.outputs["model"],
        eval_config=eval_config(config.evaluation, columns),
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
    return [transform, trainer, baseline, evaluator, serving_check, pusher]
