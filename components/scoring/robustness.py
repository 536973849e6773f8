"""How much a detector loses when images were compressed, blurred or cut on their way to it, or attacked."""

import dataclasses
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.measures.confusion import Confusion
from components.measures.intervals import bootstrap
from components.measures.ranking import roc_auc
from components.scoring.attack_names import KINDS, UNIT, parse_attack
from components.scoring.perturbations import PERTURBATIONS
from components.scoring.table import UNPERTURBED, unperturbed


@dataclasses.dataclass(frozen=True)
class RobustnessRow:
    """What was measured under one perturbation or attack, at the threshold that was chosen for images as they are.

    Attributes:
        perturbation: its name; `none` for the images as they are.
        kind: what it does, in words.
        severity: in `unit`.
        unit: in words.
        images: how many were scored. Fewer than in the first row when the others would have been smaller than the
            smallest face; 0 when all would, or when this perturbation was not asked for.
        auc: area under the ROC curve, in [0, 1]; None where a class is missing.
        accuracy: share of right decisions; None without images.
        recall_fake: share of the fakes that are called fake; None without fakes.
        false_positive_rate: share of the reals that are called fake; None without reals.
        intervals: 95 % confidence interval (low, high) by name, of `auc` (bootstrap) and of the three rates (Wilson);
            one that is not defined is left out.
        auc_change: AUC less that of the very same images as they are, in [-1, 1]; None where there is none.
        accuracy_change: likewise, of the accuracy.
    """

    perturbation: str
    kind: str
    severity: float
    unit: str
    images: int
    auc: float | None
    accuracy: float | None
    recall_fake: float | None
    false_positive_rate: float | None
    intervals: dict[str, tuple[float, float]]
    auc_change: float | None
    accuracy_change: float | None


def robustness_table(scores: pa.Table, tau: float, resamples: int = 1000) -> list[RobustnessRow]:
    """Measures each perturbation that was scored.

    Args:
        scores: see `components.scoring.table`.
        tau: threshold in [0, 1]; a score at or above it is called fake, compared as float32, as the model does.
        resamples: of the bootstrap.

    Returns:
        A row for the images as they are, then one for each of `PERTURBATIONS`, in their order; nothing at all when no
        image was perturbed.

    Raises:
        ValueError: the table holds a perturbation that this version does not know.
    """
    perturbed = scores.filter(pc.not_equal(scores["perturbation"], UNPERTURBED))
    perturbed = perturbed.filter(pc.invert(pc.is_in(perturbed["perturbation"], _attacks_in(scores))))
    if not len(perturbed):
        return []
    _check_names(perturbed["perturbation"].unique().to_pylist())
    plain = unperturbed(scores)
    plain = plain.filter(pc.is_in(plain["split"], perturbed["split"].unique()))
    rows = [_row(plain, plain, tau, resamples, (UNPERTURBED, "as they are", 0.0, ""))]
    for one in PERTURBATIONS:
        own = perturbed.filter(pc.equal(perturbed["perturbation"], one.name))
        rows.append(
            _row(own, _same(plain, own), tau, resamples, (one.name, one.kind, one.severity, one.unit))
        )
    return rows


def attack_table(scores: pa.Table, tau: float, resamples: int = 1000) -> list[RobustnessRow]:
    """Measures each attack that was scored.

    Args:
        scores: see `components.scoring.table`.
        tau: as of `robustness_table`.
        resamples: of the bootstrap.

    Returns:
        A row for the images that were attacked as they are, then one for each attack, from the mildest on; nothing at
        all when no image was attacked.
    """
    attacked = scores.filter(pc.is_in(scores["perturbation"], _attacks_in(scores)))
    if not len(attacked):
        return []
    plain = unperturbed(scores)
    plain = _same(plain.filter(pc.is_in(plain["split"], attacked["split"].unique())), attacked)
    rows = [_row(plain, plain, tau, resamples, (UNPERTURBED, "as they are", 0.0, ""))]
    for name in _attacks_in(scores).to_pylist():
        own, (method, epsilon) = attacked.filter(pc.equal(attacked["perturbation"], name)), parse_attack(name)
        about = (name, KINDS[method], float(epsilon), UNIT)
        rows.append(_row(own, _same(plain, own), tau, resamples, about))
    return rows


def _attacks_in(scores: pa.Table) -> pa.Array:
    """Names of the attacks in a table, method by method."""
    names = [name for name in scores["perturbation"].unique().to_pylist() if parse_attack(name)]
    return pa.array(sorted(names, key=parse_attack), pa.string())


def _same(plain: pa.Table, own: pa.Table) -> pa.Table:
    """The images of `own` as they are."""
    return plain.filter(pc.is_in(plain["sha256"], own["sha256"].unique()))


def _row(
    table: pa.Table, same: pa.Table, tau: float, resamples: int, about: tuple[str, str, float, str]
) -> RobustnessRow:
    """A row of the images in `table`, compared with `same`: these images as they are."""
    labels, values = _columns(table)
    decided, auc = _confusion(labels, values, tau), roc_auc(labels, values)
    rates, intervals = decided.rates(), decided.intervals()
    interval = bootstrap(labels, values, roc_auc, resamples)
    return RobustnessRow(
        *about,
        images=len(table),
        auc=auc,
        accuracy=rates["accuracy"],
        recall_fake=rates["recall_fake"],
        false_positive_rate=rates["false_positive_rate"],
        intervals=({"auc": interval} if interval else {})
        | {
            name: intervals[name]
            for name in ("accuracy", "recall_fake", "false_positive_rate")
            if name in intervals
        },
        auc_change=_difference(auc, roc_auc(*_columns(same))),
        accuracy_change=_difference(rates["accuracy"], _confusion(*_columns(same), tau).rates()["accuracy"]),
    )


def _columns(table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    return table["label"].to_numpy(), table["score"].to_numpy()


def _confusion(labels: np.ndarray, scores: np.ndarray, tau: float) -> Confusion:
    called_fake, fake = scores >= np.float32(tau), labels == 1
    return Confusion(
        threshold=tau,
        true_fake=int((called_fake & fake).sum()),
        false_fake=int((called_fake & ~fake).sum()),
        true_real=int((~called_fake & ~fake).sum()),
        false_real=int((~called_fake & fake).sum()),
    )


def _difference(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _check_names(found: Iterable[str]) -> None:
    strange = sorted(set(found) - {one.name for one in PERTURBATIONS})
    if strange:
        raise ValueError(
            f"Expected perturbations that this version knows, received {', '.join(strange)} in the table of scores. "
            "Another version wrote it: score the model anew."
        )
