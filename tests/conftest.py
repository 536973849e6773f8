"""What tests of several folders share: a report's facts, made up, and a tiny detector with a server."""

import dataclasses
import io
from collections.abc import Callable
from typing import Any

import hypothesis
import numpy as np
import pyarrow as pa
import pytest
from drawn_faces import bright_model, faces, imported  # noqa: F401 - fixtures
from finished_run import finished_run  # noqa: F401 - fixture
from PIL import Image
from tiny_detector import base_path, detector, server  # noqa: F401 - fixtures

# How long an example takes depends on what else the cores do.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in a hook of the same name
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deals the tests out to several processes: each file to one, and what shares something costly to one.

    Those of e2e begin, as nothing else takes so long.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=lambda item: item.path.parent.name != "e2e")


def _group(item: pytest.Item) -> str:
    if "first_run" in getattr(item, "fixturenames", ()):
        return "first run"
    # Of each engine one runs on a machine.
    if item.get_closest_marker("flink") or item.get_closest_marker("spark"):
        return "engines"
    return str(item.path)


TAU = 0.625
"""Of the made-up detector; exact in single precision."""


def _scores(images: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels, half of them fake, and scores that tell them apart in most cases, float32."""
    rng = np.random.default_rng(seed)
    labels = np.arange(images) % 2
    logits = rng.normal(np.where(labels == 1, 1.6, -1.2), 1.7)
    return labels, (1 / (1 + np.exp(-logits))).astype(np.float32)


def _table(labels: np.ndarray, scores: np.ndarray, robustness: bool, seed: int) -> pa.Table:
    from components.scoring.perturbations import PERTURBATIONS
    from components.scoring.table import COLUMNS, UNPERTURBED

    rng = np.random.default_rng(seed)
    parts = [("val", UNPERTURBED, 0.0, np.roll(scores, 2)), ("test", UNPERTURBED, 0.0, scores)]
    if robustness:
        for one in PERTURBATIONS:
            noisy = np.clip(scores + rng.normal(-0.08, 0.2, len(scores)), 0, 1).astype(np.float32)
            parts.append(("test", one.name, one.severity, noisy))
        for method, epsilon in (("fgsm", 1), ("fgsm", 2), ("pgd", 2), ("pgd", 4)):
            towards = (1 - labels - scores) * epsilon / 8
            parts.append(("test", f"{method}-{epsilon}", epsilon, (scores + towards).astype(np.float32)))
    columns = {name: [] for name in COLUMNS}
    for split, perturbation, severity, values in parts:
        columns["split"] += [split] * len(labels)
        columns["sha256"] += [f"{number:064x}" for number in range(len(labels))]
        columns["label"] += labels.tolist()
        columns["score"] += values.tolist()
        columns["perturbation"] += [perturbation] * len(labels)
        columns["severity"] += [severity] * len(labels)
    return pa.table(columns, pa.schema(list(COLUMNS.items())))


def _slice(name: str, labels: np.ndarray, scores: np.ndarray, tau: float) -> Any:
    from components.evaluator.results import SliceMetrics
    from components.measures.confusion import Confusion
    from components.measures.probability import brier, expected_calibration_error, log_loss
    from components.measures.ranking import average_precision, equal_error_rate, recall_at_fpr, roc_auc

    called_fake, fake = scores >= np.float32(tau), labels == 1
    auc = roc_auc(labels, scores)
    return SliceMetrics(
        name=name,
        auc=auc,
        average_precision=average_precision(labels, scores),
        log_loss=log_loss(labels, scores),
        at_tau=Confusion(
            None,
            int((called_fake & fake).sum()),
            int((called_fake & ~fake).sum()),
            int((~called_fake & ~fake).sum()),
            int((~called_fake & fake).sum()),
        ),
        at_thresholds=(),
        brier=brier(labels, scores),
        expected_calibration_error=expected_calibration_error(labels, scores),
        equal_error_rate=equal_error_rate(labels, scores),
        recall_at_fpr_1_percent=recall_at_fpr(labels, scores, 0.01),
        recall_at_fpr_01_percent=recall_at_fpr(labels, scores, 0.001),
        intervals={} if auc is None else {"auc": (max(0.0, auc - 0.04), min(1.0, auc + 0.03))},
    )


def _jpeg(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (6, 6, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    small.resize((160, 160), Image.Resampling.BICUBIC).save(buffer, "JPEG")
    return buffer.getvalue()


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (640, 400), "white").save(buffer, "PNG")
    return buffer.getvalue()


def _phase(name: str, auc: float, tau: float) -> dict[str, Any]:
    metrics = {"support": 80, "auc": auc, "accuracy": auc - 0.06}
    rates = ("precision_real", "precision_fake", "recall_real", "recall_fake")
    metrics |= {rate: auc - 0.02 * place for place, rate in enumerate(rates)}
    return {
        "stage": {
            "name": name,
            "trainable": "all",
            "backbone_layers_trained": 150,
            "epochs": 8,
            "best": auc,
            "seconds": 245.4,
        },
        "calibration": {"temperature": 1.4, "threshold": tau},
        "metrics": [{"split": "val"} | metrics, {"split": "test"} | metrics],
    }


def _card() -> dict[str, Any]:
    each = {"real": 534, "fake": 534}
    return {
        "name": "faces",
        "span": 1,
        "subset": None,
        "found": 1070,
        "kept": 1068,
        "quarantined": {"truncated": 2},
        "skipped": {},
        "left_out": 1,
        "splits": {
            "train": {"real": 374, "fake": 374},
            "val": {"real": 80, "fake": 80},
            "test": {"real": 80, "fake": 80},
        },
        "formats": {label: {"jpeg": count} for label, count in each.items()},
        "sizes": {label: {"256x256": count} for label, count in each.items()},
        "sources": {label: {"faces": count} for label, count in each.items()},
        "methods": {"real": {"none": 534}, "fake": {"stylegan": 300, "<b>swap</b>": 234}},
        "columns": {"lighting": {"indoor": 600, "outdoor": 468}},
        "groups": {"count": 1050, "largest": 3, "images_in_shared_groups": 30, "of_earlier_spans": 0},
        "exact_copies": 0,
        "near_copies": 4,
        "leaks": {"groups": 0, "images": 0, "dropped": 0},
        "shortcuts": [
            {
                "pair": "all",
                "real": 534,
                "fake": 534,
                "cues": {"size": 0.5, "file size": 0.559},
                "together": 0.5526,
                "suspects": [],
            }
        ],
        "harmonised": None,
        "source_hash": "3ee4c897" * 8,
    }


def _report_facts(
    images: int = 160, seed: int = 0, robustness: bool = False, only: int | None = None, **changes
):
    from components.calibration import Calibration
    from components.report.facts import ExplainedImage, Lineage, NodeRun, ReportFacts

    labels, scores = _scores(images, seed)
    if only is not None:
        scores, labels = scores[labels == only], labels[labels == only]
    parts = {"overall": np.full(len(labels), True)}
    methods = np.where(labels == 0, "none", np.where(np.arange(len(labels)) % 3, "stylegan", "swap"))
    parts |= {f"method={name}": methods == name for name in sorted(set(methods))}
    parts |= {
        f"image/format={name}": np.arange(len(labels)) % 4 == place
        for place, name in enumerate(("jpeg", "png"))
    }
    facts = ReportFacts(
        title="run 2026-11-25T04:14:41.813181",
        blessed=True,
        reasons=("AUC 0.93 is at least 0.6.", "Accuracy 0.83 is at least 0.5."),
        pushed_to="/home/someone/workspace/models/deepfake-inspector/1795581903",
        model_name="deepfake-inspector",
        model_version="1795581903",
        calibration=Calibration(1.87, TAU, uncertain=(0.4375, 0.75)),
        objective="best-f1",
        slices=tuple(_slice(name, labels[rows], scores[rows], TAU) for name, rows in parts.items()),
        scores=_table(labels, scores, robustness, seed),
        phases=(_phase("frozen", 0.87, 0.52), _phase("all", 0.93, 0.62)),
        cards=(_card(),),
        worst=tuple(
            ExplainedImage(
                f"{number:064x}",
                number % 2,
                0.01 if number % 2 else 0.99,
                _jpeg(number),
                _jpeg(number),
                {"source": "faces", "method": "stylegan", "size": "256 by 256"},
            )
            for number in range(8)
        ),
        lineage=Lineage(
            nodes=(
                NodeRun("StatisticsGen", 12.4, True),
                NodeRun("Trainer", 1544.6, False),
                NodeRun("Pusher", None, False),
            ),
            cores=2,
            records="/home/someone/records/faces-080c4b5f",
            configuration={
                "model": {"backbone": "efficientnetv2-b0", "head_units": [8]},
                "stages": [{"name": "all"}],
            },
            versions={"code": "b98bf511", "tensorflow": "2.16.2"},
        ),
        history=_png(),
    )
    return dataclasses.replace(facts, **changes)


@pytest.fixture(scope="session")
def report_facts() -> Callable[..., Any]:
    """``report_facts(images=160, seed=0, robustness=False, only=None, **changes)``: facts of a made-up evaluation.

    `only` leaves one class; `changes` are fields of `ReportFacts`. The scores are those of `made_up_scores`.
    """
    return _report_facts


@pytest.fixture(scope="session")
def made_up_scores() -> Callable[[int, int], tuple[np.ndarray, np.ndarray]]:
    """``made_up_scores(images, seed)``: labels and float32 scores of the test split in `report_facts`."""
    return _scores
