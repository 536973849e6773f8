"""The model card: what whoever decides about a deployment must know, in the format of the Hugging Face Hub.

Mitchell et al., "Model Cards for Model Reporting", FAT* 2019; the front matter is that of
https://huggingface.co/docs/hub/model-cards.
"""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from components.evaluator.results import SliceMetrics
from components.report import words
from components.report.facts import ReportFacts
from components.report.measures import decision_rows, score_rows
from components.report.prevalence import outlook
from components.scoring.robustness import attack_table, robustness_table
from data.audit.shortcuts import PairAudit

_TEMPLATE = "model_card.md"
_FEW_IMAGES = 30
"""With fewer of a class, a rate's interval is more than 30 points wide in the middle."""

_SMALL_SPLIT = 500
"""With fewer of a class, a rate's interval may be more than 8 points wide."""

_MOST_KINDS = 8
_TASK = "image-classification"
_LICENCE_HINTS = {
    "kaggle": " (see the page of the data set on Kaggle, whose terms were accepted there)",
    "openforensics": " (see the record of OpenForensics on Zenodo)",
}
_RESULTS = {
    "roc_auc": ("AUC", lambda one: one.auc),
    "accuracy": ("Accuracy", lambda one: one.at_tau.rates()["accuracy"]),
    "precision": ("Precision of fakes", lambda one: one.at_tau.rates()["precision_fake"]),
    "recall": ("Recall of fakes", lambda one: one.at_tau.rates()["recall_fake"]),
    "f1": ("F1 of fakes", lambda one: one.at_tau.rates()["f1_fake"]),
    "false_positive_rate": (
        "False positive rate (real images called fake)",
        lambda one: one.at_tau.rates()["false_positive_rate"],
    ),
    "brier_score": ("Brier score", lambda one: one.brier),
}
"""What the front matter tells, by the Hub's name of the metric."""


def model_card(facts: ReportFacts) -> str:
    """The card as text, front matter and all.

    Args:
        facts: what to tell; at least one slice, the whole split first.

    Raises:
        ValueError: there is no slice.
    """
    if not facts.slices:
        raise ValueError("expected the metrics of at least one slice, the whole split first, received none")
    overall, settings = facts.slices[0], facts.lineage.configuration
    text = (
        _environment()
        .get_template(_TEMPLATE)
        .render(
            facts=facts,
            overall=overall,
            outlook=outlook(overall.at_tau),
            decision_rows=decision_rows(overall),
            score_rows=score_rows(overall),
            robustness=robustness_table(facts.scores, facts.calibration.threshold),
            attacks=attack_table(facts.scores, facts.calibration.threshold),
            shortcuts=_shortcuts(facts.cards),
            few_images=min(overall.at_tau.real, overall.at_tau.fake) < _SMALL_SPLIT,
            few_slices=_few(facts.slices[1:]),
            fewest=_FEW_IMAGES,
            smallest_face=settings.get("data", {}).get("smallest_face"),
            weights=_name(settings.get("model", {}).get("weights")),
            warm_start=_name(facts.lineage.warm_start),
            core_hours=facts.lineage.core_hours,
            licence_hints=_LICENCE_HINTS,
        )
    )
    # Names may hold bytes that are no UTF-8; Python keeps those as surrogates.
    body = re.sub(r"\n{3,}", "\n\n", text).strip().encode(errors="replace").decode()
    return ModelCard(f"---\n{_front_matter(facts)}\n---\n\n{body}\n").content


def _front_matter(facts: ReportFacts) -> str:
    backbone = facts.lineage.configuration.get("model", {}).get("backbone")
    return ModelCardData(
        model_name=facts.model_name,
        library_name="keras",
        pipeline_tag=_TASK,
        tags=[
            "deepfake-detection",
            "image-forensics",
            "tensorflow-serving",
            *([backbone] if backbone else []),
        ],
        metrics=list(_RESULTS),
        eval_results=_eval_results(facts),
    ).to_yaml()


def _eval_results(facts: ReportFacts) -> list[EvalResult]:
    names = [card["name"] for card in facts.cards] or [PurePath(facts.lineage.records).name]
    name = ", ".join(dict.fromkeys(names)).encode(errors="replace").decode()
    overall = facts.slices[0]
    found = ((metric, title, measure(overall)) for metric, (title, measure) in _RESULTS.items())
    return [
        EvalResult(
            task_type=_TASK,
            task_name="Deepfake detection",
            dataset_type=re.sub(r"[^A-Za-z0-9._-]+", "-", name) or "unnamed",
            dataset_name=name,
            dataset_split=facts.split,
            metric_type=metric,
            metric_name=title,
            metric_value=value,
        )
        for metric, title, value in found
        if value is not None
    ]


def _few(slices: tuple[SliceMetrics, ...]) -> list[str]:
    """Slices that have so few images of a class they hold that its rate tells little."""
    return [
        one.name
        for one in slices
        if any(0 < count < _FEW_IMAGES for count in (one.at_tau.real, one.at_tau.fake))
    ]


def _shortcuts(cards: tuple[Mapping[str, Any], ...]) -> list[str]:
    audits = [
        PairAudit(**one | {"suspects": tuple(one["suspects"])}) for card in cards for one in card["shortcuts"]
    ]
    return [sentence for audit in audits for sentence in audit.sentences()]


def _name(path: str | None) -> str | None:
    """A file's name without its folder, which tells of a machine only."""
    return PurePath(path).name if path else None


def _environment() -> Environment:
    environment = Environment(
        # Not HTML; names that are somebody else's text go through `_plain`.
        autoescape=False,  # noqa: S701
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    named = (
        "count",
        "images",
        "number",
        "objective",
        "percent",
        "percent_interval",
        "perturbation",
        "threshold",
    )
    environment.filters |= {name: getattr(words, name) for name in named}
    environment.filters |= {"plain": _plain, "kinds": _kinds, "slice": _slice}
    return environment


def _plain(text: object) -> str:
    """Somebody else's text as Markdown that says just that, in one line and one cell of a table."""
    line = " ".join(str(text).split())
    return re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", line)


def _kinds(counts: Mapping[str, int]) -> str:
    ordered = Counter(counts).most_common()
    shown = ", ".join(f"{_plain(name)} ({words.count(count)})" for name, count in ordered[:_MOST_KINDS])
    more = f" and {len(ordered) - _MOST_KINDS} more" if len(ordered) > _MOST_KINDS else ""
    return shown + more or "none"


def _slice(name: str) -> str:
    feature, value = words.slice_name(name)
    return _plain(f"{feature}: {value}" if feature else value)
