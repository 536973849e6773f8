"""The DAG: what runs, in which order, on what. Runners decide where."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow_data_validation as tfdv
from tfx import v1 as tfx
from tfx.dsl.components.base.base_node import BaseNode
from tfx.types import artifact_utils
from tfx_bsl.public.proto import slicing_spec_pb2

from components.data_gate import DataGate
from components.evaluator.component import Evaluator
from components.evaluator.config import EXTRACTORS_MODULE, eval_config
from components.latest_blessed import latest_blessed
from components.pusher import Pusher, push_destination
from components.schema_import import ImportSchemaGen
from components.scoring.component import Scoring
from components.serving_check import ServingCheck
from data.example import MAKER_KEY, SPAN_KEY, SPLITS
from pipeline.config import PipelineConfig
from pipeline.fingerprints import file_hash, source_hash
from pipeline.inputs import Inputs, Uri
from pipeline.report_node import report_node

_TRAIN, _VALIDATION, _TEST = SPLITS
_TRAINER_MODULE = "components.trainer.run"
_TRANSFORM_MODULE = "components.transform"
_TUNER_MODULE = "components.tuner"

Baseline = Callable[[tfx.types.BaseChannel], BaseNode]
"""From the Trainer's `model` to the node whose output `model` is what the candidate is held against."""


def create_pipeline(
    config: PipelineConfig,
    inputs: Inputs,
    *,
    pipeline_root: str,
    push_to: Uri,
    training_dir: str | None,
    metadata: object | None,
    beam_args: Sequence[str],
    until_trained: bool = False,
    baseline: Baseline = latest_blessed,
    with_report: bool = False,
) -> tfx.dsl.Pipeline:
    """Wires the nodes from records to a pushed model.

    Args:
        config: what to do; its phases are runs of their own, and not looked at.
        inputs: what to read.
        pipeline_root: where nodes write their artifacts.
        push_to: base path of the served model; on a cluster, a parameter that whoever submits a run may set.
        training_dir: where the Trainer keeps what lets a killed run go on; None for a folder of the run.
        metadata: connection to ML Metadata, or None where the runner brings its own.
        beam_args: Beam pipeline arguments.
        until_trained: whether to end with the Trainer: nothing is evaluated or pushed.
        baseline: makes the node that finds the latest blessed model: by ML Metadata, or, where a runner has no
            Resolver, by `components.latest_pushed`.
        with_report: whether to end with a node that writes the report, for runners after which nobody else can.
    """
    example_gen = tfx.components.ImportExampleGen(
        input_base=inputs.records,
        input_config=tfx.proto.Input(
            splits=[
                tfx.proto.Input.Split(name=split, pattern=inputs.split_pattern.format(split=split))
                for split in SPLITS
            ]
        ),
    )
    import_schema = ImportSchemaGen(schema_file=inputs.schema_file)
    examples, schema = example_gen.outputs["examples"], import_schema.outputs["schema"]
    checks = _data_checks(examples, schema, inputs, config.data.min_class_share)
    warm_start = _warm_start(inputs.warm_start, metadata is not None) if inputs.warm_start else None
    training = _training_nodes(config, inputs, examples, schema, checks[-1], warm_start, training_dir)
    nodes = [example_gen, import_schema, *checks, *([warm_start] if warm_start else []), *training]
    if not until_trained:
        model = training[-1].outputs["model"]
        if warm_start and inputs.held_against_start:
            reference = warm_start.outputs["result"]
        else:
            latest = baseline(model)
            nodes.append(latest)
            reference = latest.outputs["model"]
        nodes += _verdict_nodes(config, inputs, examples, model, reference, push_to)
        if with_report:
            nodes.append(report_node(config, inputs, nodes))
    return tfx.dsl.Pipeline(
        pipeline_name=config.name,
        pipeline_root=pipeline_root,
        metadata_connection_config=metadata,
        components=nodes,
        enable_cache=True,
        beam_pipeline_args=list(beam_args),
    )


def _data_checks(
    examples: tfx.types.BaseChannel, schema: tfx.types.BaseChannel, inputs: Inputs, min_class_share: float
) -> list[BaseNode]:
    """Statistics, what is wrong with them, and, last, the gate."""
    # With the schema, statistics count label values and recognise image bytes.
    options = tfdv.StatsOptions(enable_semantic_domain_stats=True)
    # Slices cost as much again as the whole; with one span they would tell the same. By two features at once TFDV
    # counts images that lack one of them twice, so there is none by both.
    by = [key for key, wanted in ((SPAN_KEY, inputs.spans > 1), (MAKER_KEY, inputs.synthetic)) if wanted]
    if by:
        options.slicing_config = slicing_spec_pb2.SlicingConfig(
            slicing_specs=[
                slicing_spec_pb2.SlicingSpec(feature_keys=keys) for keys in ([], *([key] for key in by))
            ]
        )
    statistics_gen = tfx.components.StatisticsGen(examples=examples, schema=schema, stats_options=options)
    statistics = statistics_gen.outputs["statistics"]
    validator = tfx.components.ExampleValidator(statistics=statistics, schema=schema)
    served = inputs.served_statistics
    gate = DataGate(
        statistics=statistics,
        schema=schema,
        anomalies=validator.outputs["anomalies"],
        source_hash=source_hash("components.data_gate"),
        min_class_share=min_class_share,
        # TFX takes no None for a parameter that may be left out.
        **({"served_statistics": served} if served else {}),
    )
    return [statistics_gen, validator, gate]


def _warm_start(uri: Uri, is_known: bool) -> tfx.dsl.Importer:
    """The model to start from; where ML Metadata knows it, that very artifact, and so the run it came from."""
    # Without it, TFX takes an artifact for one of years ago, and looks for the model in another folder.
    version = {artifact_utils.ARTIFACT_TFX_VERSION_CUSTOM_PROPERTY_KEY: tfx.__version__}
    return tfx.dsl.Importer(
        source_uri=uri,
        artifact_type=tfx.types.standard_artifacts.Model,
        reimport=False,
        custom_properties=None if is_known else version,
    ).with_id("WarmStart")


def _training_nodes(
    config: PipelineConfig,
    inputs: Inputs,
    examples: tfx.types.BaseChannel,
    schema: tfx.types.BaseChannel,
    gate: BaseNode,
    warm_start: BaseNode | None,
    training_dir: str | None,
) -> list[BaseNode]:
    """From examples that passed the gate to a trained model; the last is the Trainer."""
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

    # Tuner and Trainer learn from the same.
    learned_from = {
        "examples": transform.outputs["transformed_examples"],
        "transform_graph": transform.outputs["transform_graph"],
        "schema": schema,
        "train_args": tfx.proto.TrainArgs(splits=[_TRAIN]),
    }
    custom: dict[str, Any] = {
        "settings": config.trainer.model_dump(mode="json"),
        "weights_hash": file_hash(config.model.weights_file) if config.model.weights_file else None,
        "model_name": config.model_name,
        "source_hash": source_hash(_TRAINER_MODULE),
        "smallest_face": inputs.smallest_face,
        "training_dir": training_dir,
    }
    tuner = None
    if config.tuner.trials:
        tuner = tfx.components.Tuner(
            tuner_fn=f"{_TUNER_MODULE}.tuner_fn",
            # Not the test split: nothing may be chosen by it.
            eval_args=tfx.proto.EvalArgs(splits=[_VALIDATION]),
            custom_config=custom
            | {"tuner": config.tuner.model_dump(mode="json"), "source_hash": source_hash(_TUNER_MODULE)},
            **learned_from,
        )
    trainer = tfx.components.Trainer(
        run_fn=f"{_TRAINER_MODULE}.run_fn",
        eval_args=tfx.proto.EvalArgs(splits=[_VALIDATION, _TEST]),
        base_model=warm_start.outputs["result"] if warm_start else None,
        hyperparameters=tuner.outputs["best_hyperparameters"] if tuner else None,
        custom_config=custom,
        **learned_from,
    )
    return [transform, *([tuner] if tuner else []), trainer]


def _verdict_nodes(
    config: PipelineConfig,
    inputs: Inputs,
    examples: tfx.types.BaseChannel,
    model: tfx.types.BaseChannel,
    reference: tfx.types.BaseChannel,
    push_to: Uri,
) -> list[BaseNode]:
    """From a trained model to a pushed one, if it is as good as `reference`, where that holds a model."""
    evaluator = Evaluator(
        examples=examples,
        model=model,
        baseline_model=reference,
        eval_config=eval_config(
            config.evaluation,
            inputs.columns,
            source_hash("components.evaluator.extractors", "components.evaluator.metrics"),
        ),
        module_path=EXTRACTORS_MODULE,
        example_splits=[_TEST],
    )
    scoring = Scoring(
        examples=examples,
        model=model,
        source_hash=source_hash("components.scoring.component"),
        robustness=config.evaluation.robustness,
        attacks=config.evaluation.attacks.model_dump_json(),
    )
    # Not for its verdict: the report of a refused model needs the scores above all.
    scoring.add_upstream_node(evaluator)
    serving_check = ServingCheck(
        # The check runs the second module in a process of its own.
        model=model,
        source_hash=source_hash("components.serving_check", "serving.replay"),
    )
    # A model that is worse need not be loaded; a model that cannot be served stops the run.
    serving_check.add_upstream_node(evaluator)

    pusher = Pusher(
        model=model,
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=serving_check.outputs["blessing"],
        push_destination=push_destination(push_to) if isinstance(push_to, str) else push_to,
    )
    # What is pushed has its scores.
    pusher.add_upstream_node(scoring)
    return [evaluator, scoring, serving_check, pusher]
