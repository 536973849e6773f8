"""Can something other than the face tell the label?

Where fakes were saved at another quality than reals, or come in another size, a detector learns that, scores well on
its own test split, and fails everywhere else. So every import is asked how well each cue alone, and a small model on
all of them, tells reals from fakes. Sharpness and fine detail are a special case: generators do leave traces there,
and a detector may rightly use them; but resizing and compression leave the same, so they are reported, too.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from data.errors import BadInputError
from data.example import FAKE, METHOD_OF_REALS, REAL
from data.image_table import numbers, values

_FEWEST_IMAGES = 10
#: Of sources and of methods, so many with the most images: a set may name each of its videos a method.
_MOST_PAIRS = 20
_FOLDS = 5
_TOGETHER = "all cues together"
#: The model is asked about so many images, drawn from all: they tell its AUC to a hundredth.
_MOST_FOR_MODEL = 10_000


@dataclass(frozen=True)
class PairAudit:
    """What cues tell of one pair of classes.

    Attributes:
        pair: ``"all"``, ``"source=NAME"`` (its reals and fakes) or ``"method=NAME"`` (its fakes, and the reals of
            the sources it is found in).
        real: number of real images.
        fake: number of fakes.
        cues: by cue, the area under the ROC curve with which it alone tells the classes apart, whichever way
            round: 0.5 (not at all) to 1.
        together: the same of gradient-boosted trees on all cues, cross-validated by group; None where there are too
            few groups.
        suspects: the cues, and ``"all cues together"``, that tell more than the bound.
    """

    pair: str
    real: int
    fake: int
    cues: dict[str, float]
    together: float | None
    suspects: tuple[str, ...]

    def as_dict(self) -> dict:
        """As JSON holds it."""
        return asdict(self) | {"suspects": list(self.suspects)}

    def sentences(self) -> Iterator[str]:
        """One for each suspect."""
        for suspect in self.suspects:
            auc = self.together if suspect == _TOGETHER else self.cues[suspect]
            yield f"{suspect} tell{'' if suspect == _TOGETHER else 's'} real from fake ({self.pair}): AUC {auc:.2f}"


class ShortcutError(BadInputError):
    """Cues tell the label, and the audit was to be strict about it.

    Args:
        sentences: of the audits, see :meth:`PairAudit.sentences`.
        bound: largest AUC that is tolerated.
    """

    def __init__(self, sentences: Sequence[str], bound: float):
        super().__init__(
            f"Expected that no cue tells real from fake with an AUC above {bound:g}:\n"
            + "\n".join(f"  - {sentence}" for sentence in sentences)
            + "\nA detector would learn that instead of faces. Collect reals and fakes the same way, let --harmonise "
            "save every image alike, or raise --max-cue-auc if you know better."
        )


def audit_shortcuts(table: pa.Table, bound: float) -> list[PairAudit]:
    """Audits the images of an import.

    Args:
        table: kept images, see :mod:`data.image_table`; with ``group``.
        bound: largest AUC that is tolerated. A cue is suspect where the lower limit of its 95 % confidence interval
            (Hanley and McNeil, Radiology 143, 1982) lies above it: few images prove little.

    Returns:
        The whole set first, then each source with both classes, then each method, where there are several; of sources
        and methods the 20 with the most images.
    """
    labels = numbers(table, "label")
    cues = _cues(table)
    groups = np.unique(np.array(values(table, "group")), return_inverse=True)[1]
    return [
        _audit(pair, labels[rows], {name: cue[rows] for name, cue in cues.items()}, groups[rows], bound)
        for pair, rows in _pairs(labels, np.array(values(table, "source")), np.array(values(table, "method")))
    ]


def _cues(table: pa.Table) -> dict[str, np.ndarray]:
    return {
        "size": numbers(table, "width").astype(np.float64) * numbers(table, "height"),
        "format": np.array([float(name == "png") for name in values(table, "format")]),
        "JPEG quantisation": numbers(table, "quantisation"),
        "file size": numbers(table, "bytes").astype(np.float64),
        **{
            name.replace("_", " "): numbers(table, name)
            for name in ("brightness", "saturation", "sharpness", "high_frequency")
        },
    }


def _pairs(labels: np.ndarray, sources: np.ndarray, methods: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Names and positions of what to compare, each with enough images of both classes."""
    everything = np.arange(len(labels))
    if _is_enough(labels):
        yield "all", everything
    if len(set(sources)) > 1:
        for source in _largest(sources):
            rows = everything[sources == source]
            if _is_enough(labels[rows]):
                yield f"source={source}", rows
    if len(set(methods[labels == FAKE]) - {METHOD_OF_REALS}) > 1:
        for method in _largest(methods[labels == FAKE]):
            fakes = (labels == FAKE) & (methods == method)
            reals = (labels == REAL) & np.isin(sources, sources[fakes])
            # Fakes of one data set are often compared with reals of another.
            reals = reals if reals.any() else labels == REAL
            rows = everything[fakes | reals]
            if _is_enough(labels[rows]):
                yield f"method={method}", rows


def _largest(names: np.ndarray) -> list[str]:
    return sorted(name for name, _ in Counter(names.tolist()).most_common(_MOST_PAIRS))


def _is_enough(labels: np.ndarray) -> bool:
    return min((labels == REAL).sum(), (labels == FAKE).sum()) >= _FEWEST_IMAGES


def _audit(
    pair: str, labels: np.ndarray, cues: dict[str, np.ndarray], groups: np.ndarray, bound: float
) -> PairAudit:
    real, fake = int((labels == REAL).sum()), int((labels == FAKE).sum())
    found = {name: _either_way(roc_auc_score(labels == FAKE, cue)) for name, cue in cues.items()}
    together = _together(labels, np.stack(list(cues.values()), axis=1), groups)
    suspects = [
        name
        for name, auc in [*found.items(), (_TOGETHER, together)]
        if auc is not None and auc - 1.96 * standard_error(auc, real, fake) > bound
    ]
    return PairAudit(
        pair,
        real,
        fake,
        {name: round(auc, 4) for name, auc in found.items()},
        None if together is None else round(together, 4),
        tuple(suspects),
    )


def _either_way(auc: float) -> float:
    return float(max(auc, 1 - auc))


def _together(labels: np.ndarray, cues: np.ndarray, groups: np.ndarray) -> float | None:
    if len(labels) > _MOST_FOR_MODEL:
        drawn = np.random.default_rng(0).choice(len(labels), _MOST_FOR_MODEL, replace=False)
        labels, cues, groups = labels[drawn], cues[drawn], groups[drawn]
    if min(len(set(groups[labels == label])) for label in (REAL, FAKE)) < 2 * _FOLDS:
        return None
    model = HistGradientBoostingClassifier(max_iter=60, max_depth=3, min_samples_leaf=10, random_state=0)
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    # Its threads spin while they wait, which on a busy machine takes twenty times as long as doing without.
    with threadpool_limits(1, "openmp"):
        scores = cross_val_predict(model, cues, labels, groups=groups, cv=folds, method="predict_proba")
    # Scores of other images than it learnt from: below 0.5 it is chance, not the other way round.
    return float(max(0.5, roc_auc_score(labels == FAKE, scores[:, 1])))


def standard_error(auc: float, real: int, fake: int) -> float:
    """Standard error of an area under the ROC curve.

    Source: Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC)
    curve", Radiology 143, 1982, equation 2.
    """
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (fake - 1) * (q1 - auc**2) + (real - 1) * (q2 - auc**2)
    return math.sqrt(max(0.0, variance) / (real * fake))
