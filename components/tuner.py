"""`tuner_fn`: what the TFX Tuner calls. Searches for hyperparameters on the validation split.

A trial is a training as the Trainer does it, with fewer epochs and nothing exported. What a trial is follows from the
settings alone, never from how another went; so a killed search draws the same trials again and takes up the finished
ones, and the stages of the one that was running, as the Trainer takes up its own.
"""

import copy
import json
import math
import shutil
from pathlib import Path
from typing import Any

import keras
import keras_tuner
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.engine.trial import Trial, TrialStatus
from tfx import v1 as tfx

from components.atomic_file import write_text
from components.progress import tell
from components.settings import TrainerSettings, TunerSettings
from components.trainer.dataset import TransformedSplit
from components.trainer.hardware import Hardware, choose_hardware
from components.trainer.hyperparameters import (
    HEAD_DROPOUT,
    HEAD_WIDTH,
    last_layers_of,
    learning_rate_of,
    with_hyperparameters,
)
from components.trainer.model import build_detector
from components.trainer.preemption import stops_on_sigterm
from components.trainer.run import TEST_SPLIT, TRAIN_SPLIT, VALIDATION_SPLIT, open_splits, training_folder
from components.trainer.stages import StageRunner


def tuner_fn(fn_args: tfx.components.FnArgs) -> tfx.components.TunerFnResult:
    """Prepares a search; TFX runs it and keeps the best hyperparameters.

    Args:
        fn_args: from TFX. `custom_config` is that of `components.trainer.run.run_fn`, and holds `tuner` (a
            `TunerSettings` as JSON). The test split is not opened.

    Raises:
        HardwareError: when several machines were asked for.
        ValueError: `base_model` is given, whose head would not fit; or a split is empty.
    """
    if fn_args.base_model is not None:
        raise ValueError(
            f"Tuner: expected no model to start from, received '{fn_args.base_model}': its head has a width of its "
            "own, and this searches for another. Tune without it."
        )
    custom = fn_args.custom_config
    settings = TrainerSettings.model_validate(custom["settings"])
    tuner = TunerSettings.model_validate(custom["tuner"])
    hardware = choose_hardware(settings.training.hardware)
    tell(str(hardware))
    fn_args = copy.copy(fn_args)
    # Only a Trainer gets it under this older name too.
    fn_args.transform_output = fn_args.transform_graph_path
    fn_args.custom_config = custom | {"training_dir": custom["training_dir"] or fn_args.working_dir}
    fn_args.eval_files = [one for one in fn_args.eval_files if f"/Split-{TEST_SPLIT}/" not in one]
    search = _Search(
        fn_args, settings, tuner, hardware, open_splits(fn_args, settings, hardware.plan.devices)
    )
    return tfx.components.TunerFnResult(tuner=search, fit_kwargs={})


def search_space(settings: TrainerSettings, tuner: TunerSettings) -> keras_tuner.HyperParameters:
    """All that is searched.

    Args:
        settings: of the training.
        tuner: the values and ranges to draw from.
    """
    space = keras_tuner.HyperParameters()
    if settings.model.head_units:
        space.Choice(HEAD_WIDTH, list(tuner.head_width))
        space.Choice(HEAD_DROPOUT, list(tuner.head_dropout))
    for stage in settings.training.stages:
        space.Float(learning_rate_of(stage.name), *tuner.learning_rate, sampling="log")
        if isinstance(stage.trainable, int):
            space.Choice(last_layers_of(stage.name), list(tuner.last_layers))
    return space


class _Search(BaseTuner):
    """Trains one detector a trial."""

    def __init__(
        self,
        fn_args: tfx.components.FnArgs,
        settings: TrainerSettings,
        tuner: TunerSettings,
        hardware: Hardware,
        splits: dict[str, TransformedSplit],
    ):
        training = settings.training
        self._fn_args, self._settings, self._tuner = fn_args, settings, tuner
        self._hardware, self._splits = hardware, splits
        # At random: with as few trials as one can afford here, a model of past trials would still draw its first
        # points at random (three for each hyperparameter), and a killed search could not be drawn again.
        oracle = keras_tuner.oracles.RandomSearchOracle(
            objective=keras_tuner.Objective(training.monitor, training.monitor_mode),
            max_trials=tuner.trials,
            # To keras_tuner a seed of 0 is none.
            seed=training.seed + 1,
            hyperparameters=search_space(settings, tuner),
            allow_new_entries=False,
            tune_new_entries=False,
            # Three diverged trials in a row are no reason to stop: others learn more slowly.
            max_consecutive_failed_trials=tuner.trials + 1,
        )
        oracle.verbose = 0
        # Its own files are not written whole or not at all; the trials keep what a killed search needs.
        super().__init__(oracle, directory=fn_args.working_dir, project_name="search", overwrite=True)

    def search(self, **fit_kwargs: Any) -> None:
        """Runs all trials; called by TFX.

        Raises:
            RuntimeError: no trial ended with a number.
            Exception: whatever a trial raised.
        """
        try:
            super().search(**fit_kwargs)
        except keras_tuner.errors.FatalError as error:
            if error.__cause__ is None:
                raise
            raise error.__cause__ from None
        done = [one for one in self.oracle.trials.values() if one.status == TrialStatus.COMPLETED]
        if not done:
            raise RuntimeError(
                f"Tuner: expected {self._settings.training.monitor} of at least one trial, received none that is a "
                "number. Lower tuner.learning_rate."
            )
        if len(self.oracle.trials) < self._tuner.trials:
            tell(f"only {len(self.oracle.trials)} of {self._tuner.trials} trials differ")

    def run_trial(self, trial: Trial, **fit_kwargs: Any) -> float:
        """The monitored value of the detector that a training with these hyperparameters ends with."""
        try:
            value = self._value(trial)
        except Exception as error:
            # keras_tuner would note any other error as one failed trial, and go on.
            raise keras_tuner.errors.FatalError(str(error)) from error
        if not math.isfinite(value):
            raise keras_tuner.errors.FailedTrialError(f"{self._settings.training.monitor} is {value}")
        return value

    def _value(self, trial: Trial) -> float:
        settings = self._settings_of(trial)
        folder = training_folder(self._fn_args, settings, self._hardware)
        folder.mkdir(parents=True, exist_ok=True)
        record = folder / "trial.json"
        told = f"trial {len(self.oracle.trials)} of {self._tuner.trials}"
        tell(f"{told}: {_in_words(trial.hyperparameters.values)}")
        if not record.exists():
            value = self._train(settings, folder / "stages")
            write_text(record, json.dumps({"value": value, **trial.hyperparameters.values}))
        # Weights of many trials would fill the disk.
        shutil.rmtree(folder / "stages", ignore_errors=True)
        value = json.loads(record.read_text())["value"]
        tell(f"{told}: {settings.training.monitor} {value:.3f}")
        return value

    def _train(self, settings: TrainerSettings, folder: Path) -> float:
        with self._hardware.building():
            detector = build_detector(settings.model, settings.training.seed)
        runner = StageRunner(
            settings,
            detector,
            self._splits[TRAIN_SPLIT],
            self._splits[VALIDATION_SPLIT],
            folder,
            self._hardware,
        )
        finished = len(self.oracle.trials) - 1
        with stops_on_sigterm(
            lambda: f"{finished} of {self._tuner.trials} trials, and of one more {runner.kept()}"
        ):
            # Of the last stage: what the earlier ones ended with is no longer there.
            value = [runner.run(stage) for stage in settings.training.stages][-1].best
        # Keras otherwise holds on to every model it built.
        keras.utils.clear_session()
        return value

    def _settings_of(self, trial: Trial) -> TrainerSettings:
        settings = with_hyperparameters(self._settings, trial.hyperparameters.get_config())
        stages = tuple(
            stage.model_copy(update={"epochs": min(stage.epochs, self._tuner.epochs)})
            for stage in settings.training.stages
        )
        return settings.model_copy(
            update={"training": settings.training.model_copy(update={"stages": stages})}
        )


def _in_words(values: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:.2g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in values.items()
    )
