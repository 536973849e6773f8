"""Measures an exported model outside the DAG, as the Evaluator measures it within."""

from collections.abc import Sequence
from pathlib import Path

import tensorflow_model_analysis as tfma
from apache_beam.options.pipeline_options import PipelineOptions

from components.evaluator.config import eval_config
from components.evaluator.extractors import custom_extractors
from components.evaluator.results import SliceMetrics, read_metrics
from components.settings import EvaluatorSettings


def measure(
    model_folder: Path,
    pattern: str,
    folder: Path,
    settings: EvaluatorSettings,
    columns: Sequence[str] = (),
    beam_args: Sequence[str] = (),
) -> list[SliceMetrics]:
    """Measures a model on records; passes no verdict, whatever bounds the settings have.

    Args:
        model_folder: the SavedModel.
        pattern: matches gzip TFRecord files of the project's records.
        folder: takes what TFMA writes, as an `evaluation` artifact does.
        settings: what is measured.
        columns: annotated columns of the records, to slice by besides what the settings say.
        beam_args: Beam pipeline arguments.

    Returns:
        See `components.evaluator.results.read_metrics`.

    Raises:
        OSError: no file matches.
    """
    config = eval_config(settings, columns)
    for spec in config.metrics_specs:
        for metric in spec.metrics:
            del metric.per_slice_thresholds[:]
    model = tfma.default_eval_shared_model(eval_saved_model_path=str(model_folder), eval_config=config)
    tfma.run_model_analysis(
        eval_shared_model=model,
        eval_config=config,
        data_location=pattern,
        output_path=str(folder),
        extractors=custom_extractors(model, config, None),
        pipeline_options=PipelineOptions(list(beam_args)),
    )
    return read_metrics(folder)
