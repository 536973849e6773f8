"""Real engines, and the work that they are compared on."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.beam import beam_args
from pipeline.beam.local.state import RunningEngine
from pipeline.beam.settings import BeamSettings

IMAGES = 120
#: A job that is not done by then is taken for one that hangs.
DEADLINE_S = 240


@pytest.fixture(scope="session")
def apart(tmp_path_factory) -> Iterator[None]:
    """Engines of these tests are remembered where nobody else looks, and their workers find tests/support."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        changed.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "support"))
        yield


@pytest.fixture(scope="session")
def start(apart) -> Iterator[Callable[..., RunningEngine]]:
    """``start(engine, workers, **options)``: a running engine, perhaps of the test before; stopped at the end.

    Skips where there is no Java, or Maven cannot have the jars.
    """
    from pipeline.beam.local.jars import GatheringError
    from pipeline.beam.local.starting import start_engine, stop_engine
    from pipeline.beam.local.state import running_engines
    from pipeline.errors import ConfigError

    def start_one(engine: str, workers: int, **options) -> RunningEngine:
        for other in running_engines():
            if (other.engine, options, other.dead) == (engine, {}, []):
                return other
            stop_engine(other)
        try:
            return start_engine(engine, workers, **options)
        except (ConfigError, GatheringError) as error:
            pytest.skip(str(error))

    yield start_one
    for other in running_engines():
        stop_engine(other)


@pytest.fixture(scope="session")
def images(tmp_path_factory) -> Path:
    """Drawn faces."""
    from data.demo.faces import draw_demo_set

    folder = tmp_path_factory.mktemp("drawn") / "faces"
    draw_demo_set(folder, IMAGES, size=64)
    return folder


class Work:
    """What one profile makes of the same images; each part is made when it is first asked for.

    Args:
        images: a source.
        model: an exported detector.
        folder: empty, takes all that is made.
        profile: where Beam's work is done.
    """

    def __init__(self, images: Path, model: Path, folder: Path, profile: str):
        self._images, self._model, self._folder = images, model, folder
        self._arguments = beam_args(BeamSettings(profile=profile, deadline_s=DEADLINE_S))

    @functools.cached_property
    def records(self) -> dict[str, bytes]:
        """The imported records, a file a name."""
        folder = self._folder / "records"
        _import(self._images, folder, self._arguments)
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    @functools.cached_property
    def nodes(self) -> tuple[dict, dict[str, list[bytes]]]:
        """StatisticsGen's statistics, and the records of Transform in no order; both by split."""
        _ = self.records
        return _run_nodes(self._folder, self._arguments)

    @functools.cached_property
    def metrics(self) -> dict:
        """The Evaluator's, by slice."""
        _ = self.records
        return _evaluate(self._folder, self._model, self._arguments)


@pytest.fixture(scope="session")
def work(images, detector, tmp_path_factory) -> Callable[[str], Work]:
    """``work(profile)``: what it makes."""
    return lambda profile: Work(images, detector.directory, tmp_path_factory.mktemp(profile), profile)


@pytest.fixture(scope="session")
def on_one_machine(work) -> Work:
    """What Beam's own runner makes, in this process."""
    return work("direct")


def _import(images: Path, records: Path, arguments: list[str]) -> None:
    from data.importing import import_images
    from data.options import ImportOptions

    import_images(images, records, ImportOptions(beam_args=tuple(arguments), images_per_shard=40))


def _run_nodes(folder: Path, arguments: list[str]) -> tuple[dict, dict[str, list[bytes]]]:
    import tensorflow as tf
    import tensorflow_data_validation as tfdv
    from tfx import v1 as tfx
    from tfx.orchestration.pipeline import RunOptions

    from data.example import SPLITS
    from data.record_folder import split_pattern
    from data.schema import SCHEMA_FILE
    from pipeline.config import PipelineConfig
    from pipeline.graph import create_pipeline
    from pipeline.inputs import Inputs

    records = folder / "records"
    pipeline = create_pipeline(
        PipelineConfig.model_validate({"model": {"weights": "none", "image_size": 32}}),
        Inputs(
            records=str(records),
            schema_file=str(records / SCHEMA_FILE),
            split_pattern=split_pattern(records),
        ),
        pipeline_root=str(folder / "root"),
        push_to=str(folder / "models"),
        training_dir=None,
        metadata=tfx.orchestration.metadata.sqlite_metadata_connection_config(str(folder / "metadata")),
        beam_args=arguments,
    )
    tfx.orchestration.LocalDagRunner().run(pipeline, run_options=RunOptions(to_nodes=["Transform"]))
    [statistics] = (folder / "root/StatisticsGen/statistics").iterdir()
    [transformed] = (folder / "root/Transform/transformed_examples").iterdir()
    return (
        {
            split: tfdv.load_stats_binary(str(statistics / f"Split-{split}/FeatureStats.pb"))
            for split in SPLITS
        },
        {
            split: sorted(
                # A map has no order: the same record may be written in several ways.
                tf.train.Example.FromString(record).SerializeToString(deterministic=True)
                for record in tf.data.TFRecordDataset(
                    [str(path) for path in (transformed / f"Split-{split}").iterdir()], "GZIP"
                ).as_numpy_iterator()
            )
            for split in SPLITS
        },
    )


def _evaluate(folder: Path, model: Path, arguments: list[str]) -> dict:
    from components.evaluator.running import measure
    from components.settings import EvaluatorSettings

    pattern = str(folder / "records/span-1/*.tfrecord.gz")
    found = measure(model, pattern, folder / "evaluation", EvaluatorSettings(), beam_args=arguments)
    return {one.name: one for one in found}
