"""The report as one page: an HTML file of its own that asks the network for nothing."""

import base64
import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from components.atomic_file import write_text
from components.report import figures, words
from components.report.facts import ReportFacts
from components.report.measures import decision_rows, score_rows
from components.report.prevalence import PREVALENCE, outlook
from components.report.svg import Figure
from components.report.thresholds import ThresholdTable, threshold_table
from components.report.undecided import Undecided, undecided
from components.scoring.robustness import RobustnessRow, attack_table, robustness_table
from components.scoring.table import unperturbed
from data.audit.shortcuts import PairAudit
from data.quarantine import REASONS

_FOLDER = Path(__file__).parent

_FEW_IMAGES = 30
"""With fewer of a class, a rate's interval is more than 30 points wide in the middle."""


@dataclasses.dataclass(frozen=True)
class _Scored:
    """What only the scores of the images can tell; left out of the page where there are none."""

    table: ThresholdTable
    figures: dict[str, Figure]
    undecided: Undecided | None
    robustness: list[RobustnessRow]
    attacks: list[RobustnessRow]


def write_page(facts: ReportFacts, path: Path) -> None:
    """Writes the page; it is there whole or not at all.

    Args:
        facts: what to tell; at least one slice, the whole split first. All else may be missing, and the page says so.
        path: of the HTML file, in a folder that exists; an older one is replaced.

    Raises:
        ValueError: there is no slice, or the table of scores holds a perturbation that this version does not know.
    """
    if not facts.slices:
        raise ValueError("expected the metrics of at least one slice, the whole split first, received none")
    text = page_text(facts)
    # Names of folders may hold bytes that are no UTF-8; Python keeps those as surrogates.
    write_text(path, text.encode("utf-8", errors="replace").decode())


def page_text(facts: ReportFacts) -> str:
    """The page as text; see `write_page`."""
    style, script = (Markup((_FOLDER / name).read_text("utf-8")) for name in ("page.css", "page.js"))  # noqa: S704
    overall = facts.slices[0]
    scored = _scored(facts)
    return (
        _environment()
        .get_template("page.html")
        .render(
            facts=facts,
            overall=overall,
            rates=overall.at_tau.rates(),
            intervals=overall.at_tau.intervals(),
            outlook=outlook(overall.at_tau),
            decision_rows=decision_rows(overall),
            score_rows=score_rows(overall),
            scored=scored,
            live=_live(facts, scored.table) if scored else None,
            few_images=_FEW_IMAGES,
            cost=facts.lineage.core_hours,
            reasons=REASONS,
            style=style,
            script=script,
            policy=_policy(style, script),
        )
    )


def _scored(facts: ReportFacts) -> _Scored | None:
    own = unperturbed(facts.scores, facts.split)
    if not len(own):
        return None
    labels, scores = own["label"].to_numpy(), own["score"].to_numpy()
    tau = facts.calibration.threshold
    table = threshold_table(labels, scores, tau)
    at_tau, left = table.confusion(tau), undecided(labels, scores, facts.calibration)
    robustness = robustness_table(facts.scores, tau)
    drawn = [
        figures.roc_figure(labels, scores, at_tau),
        figures.precision_figure(labels, scores, at_tau),
        figures.histogram_figure(labels, scores, at_tau, facts.calibration),
        figures.reliability_figure(labels, scores),
        figures.risk_figure(labels, scores, facts.calibration, left),
    ]
    if robustness:
        drawn.append(figures.robustness_figure(robustness))
    return _Scored(table, {one.name: one for one in drawn}, left, robustness, attack_table(facts.scores, tau))


def _live(facts: ReportFacts, table: ThresholdTable) -> dict[str, Any]:
    """What the page's script needs to move the threshold."""
    # The model's own tau as the table has it, in single precision.
    tau = table.confusion(facts.calibration.threshold).threshold
    return dataclasses.asdict(table) | {"tau": tau, "prevalence": PREVALENCE}


def _policy(style: str, script: str) -> str:
    """A content security policy: this style, this script, images of the page itself, and nothing from anywhere."""
    return (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _environment() -> Environment:
    environment = Environment(
        # Names of files and sources are somebody else's text.
        autoescape=True,
        loader=FileSystemLoader(_FOLDER),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    named = (
        "count",
        "duration",
        "feature_name",
        "flat",
        "images",
        "interval",
        "number",
        "objective",
        "percent",
    )
    named += ("heading", "percent_interval", "perturbation", "signed", "slice_name", "threshold")
    environment.filters |= {name: getattr(words, name) for name in named}
    environment.filters |= {
        "data_uri": _data_uri,
        "json": _json,
        "breakable": _breakable,
        "total": _total,
        "shortcuts": _shortcuts,
    }
    return environment


def _data_uri(image: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


def _total(counts: Mapping[str, int]) -> int:
    return sum(counts.values())


def _shortcuts(card: Mapping[str, Any]) -> list[str]:
    audits = [PairAudit(**one | {"suspects": tuple(one["suspects"])}) for one in card["shortcuts"]]
    return [sentence for audit in audits for sentence in audit.sentences()]


def _json(value: Any) -> Markup:
    """JSON that may stand in a `script` element, whatever names it holds."""
    return Markup(json.dumps(value, separators=(",", ":")).replace("<", "\\u003c"))  # noqa: S704


def _breakable(path: str) -> Markup:
    """A path that may go on in the next line after each of its slashes."""
    return Markup("/<wbr>").join(path.split("/"))
