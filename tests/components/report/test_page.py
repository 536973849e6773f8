import dataclasses
import itertools
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from components.calibration import Calibration
from components.report.page import page_text, write_page
from components.scoring.table import unperturbed
from components.settings import EvaluatorSettings
from data.audit.shortcuts import PairAudit
from pipeline.config import PipelineConfig

S = "\u202f"
_VOID = {"meta", "link", "img", "input", "wbr", "br", "rect", "circle", "path", "line"}


class _Page(HTMLParser):
    """Tags, attributes, text, and whether each element is closed by its own."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words, self.open = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"[ \n]+", " ", "".join(self.words))

    def all(self, *tags):
        return [attrs for tag, attrs in self.elements if tag in tags]

    def ids(self):
        return [attrs["id"] for _, attrs in self.elements if "id" in attrs]


def _live(text):
    return json.loads(re.search(r'id="thresholds">(.*?)</script>', text)[1])


DEGENERATE = {
    "normal": {},
    "reals only": {"only": 0},
    "fakes only": {"only": 1},
    "two images": {"images": 2},
    "not blessed": {"blessed": False, "pushed_to": None, "model_version": None},
    "not blessed, no reasons": {"blessed": False, "reasons": ()},
    "evaluation of a pushed model": {
        "blessed": None,
        "reasons": (),
        "phases": (),
        "history": None,
        "title": "model 3 on records/celeb",
    },
    "no errors, no card": {"worst": (), "cards": ()},
    "no band": {"calibration": Calibration(1.0, 0.5), "objective": "fpr=0.01"},
    "tau 0": {"calibration": Calibration(1.0, 0.0)},
    "tau 1": {"calibration": Calibration(1.0, 1.0)},
    "another objective": {"objective": "youden"},
}


@pytest.fixture(scope="module", params=DEGENERATE.values(), ids=DEGENERATE)
def any_page(request, report_facts):
    """The text of a page, of a normal evaluation and of each degenerate one."""
    return page_text(report_facts(**request.param))


def test_every_page_is_whole_and_accessible(any_page):
    page = _Page(any_page)
    ids = page.ids()
    assert len(ids) == len(set(ids))
    for attrs in page.all("img"):
        assert attrs["alt"].strip()
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    labels = {attrs["for"] for attrs in page.all("label")}
    assert {attrs["id"] for attrs in page.all("input", "select")} <= labels
    referred = [one for _, attrs in page.elements for one in attrs.get("aria-labelledby", "").split()]
    referred += [attrs["href"][1:] for attrs in page.all("a")]
    assert set(referred) <= set(ids)
    assert all(attrs.get("scope") for attrs in page.all("th"))
    assert {"header", "nav", "main", "footer"} <= {tag for tag, _ in page.elements}
    for word in ("nan", "None", "inf ", "Undefined"):
        assert word not in page.text


def test_no_page_asks_for_anything(any_page):
    page = _Page(any_page)
    addresses = [attrs[name] for _, attrs in page.elements for name in ("src", "href") if name in attrs]
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "style" not in {name for _, attrs in page.elements for name in attrs}
    policy = next(attrs["content"] for attrs in page.all("meta") if "http-equiv" in attrs)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_the_verdict_comes_first_with_its_reasons(report_facts):
    page = _Page(page_text(report_facts(blessed=False, reasons=("The AUC is 0.55, and 0.6 was asked for.",))))
    headings = [tag for tag, _ in page.elements if tag in ("h1", "h2", "h3")]
    assert headings[:2] == ["h1", "h2"]
    assert page.text.index("Not blessed") < page.text.index("The AUC is 0.55") < page.text.index("Chosen for")


def test_the_operating_point_in_words(report_facts):
    facts = report_facts()
    at = dataclasses.replace(facts.slices[0].at_tau, true_fake=65, false_fake=15, true_real=65, false_real=15)
    slices = (dataclasses.replace(facts.slices[0], at_tau=at), *facts.slices[1:])
    text = _Page(page_text(dataclasses.replace(facts, slices=slices))).text
    assert f"Of 80 real images, 15 were called fake (18.8{S}%, 95{S}% interval 11.7\u201328.7{S}%)" in text
    assert f"Of 80 fakes, 65 were found (81.3{S}%, 95{S}% interval 71.3\u201388.3{S}%) and 15 missed" in text
    assert "Expect 81 of them to be found and 1,856 real images to be called fake" in text
    # The scores are those of the made-up detector still, and the page owns that they differ.
    assert "computed apart from the evaluation" in text


def test_scores_that_agree_with_the_evaluation_raise_no_note(report_facts):
    assert "computed apart" not in _Page(page_text(report_facts())).text


def test_the_page_holds_counts_and_never_all_scores(report_facts):
    live = _live(page_text(report_facts(images=20_000)))
    assert len(live["thresholds"]) == len(live["false_fake"]) == len(live["true_fake"]) <= 1001
    assert not live["exact"]
    assert (live["real"], live["fake"], live["false_fake"][0], live["true_fake"][0]) == (10_000,) * 4


def test_large_and_small_pages_stay_small(report_facts):
    for images in (160, 20_000):
        assert len(page_text(report_facts(images=images)).encode()) < 400_000


def test_without_scores_the_page_says_so(report_facts):
    facts = report_facts()
    text = page_text(dataclasses.replace(facts, scores=facts.scores.slice(0, 0)))
    assert "scores of the single images were not kept" in _Page(text).text
    assert 'id="slider"' not in text


def test_scores_of_other_splits_are_not_the_page_s(report_facts):
    facts = report_facts()
    only_test = dataclasses.replace(facts, scores=unperturbed(facts.scores, "test"))
    assert page_text(only_test) == page_text(facts)


def test_robustness_is_a_table_where_it_was_measured(report_facts):
    text = _Page(page_text(report_facts(images=40, robustness=True))).text
    assert "JPEG compression 30" in text
    assert "costs most" in text
    assert "No perturbed images were scored" not in text


def test_attacks_are_a_table_where_there_were_some(report_facts):
    facts = report_facts(images=40, robustness=True)
    text = _Page(page_text(facts)).text
    assert "PGD 4" in text
    assert "Attacked images of the test split" in text
    text = _Page(page_text(report_facts(images=40))).text
    assert "No image was attacked" in text
    switch = re.search(r"--set (\w+)\.(\w+)\.(\w+)=256", text)
    settings = EvaluatorSettings.model_fields[switch[2]].annotation
    assert settings.model_fields[switch[3]].default == 256


def test_without_perturbed_scores_the_page_says_how_to_get_them(report_facts):
    text = _Page(page_text(report_facts())).text
    switch = re.search(r"--set (\w+)\.(\w+)=true", text)
    assert PipelineConfig.model_fields[switch[1]].annotation is EvaluatorSettings
    assert EvaluatorSettings.model_fields[switch[2]].annotation is bool


def test_one_slice_says_how_to_get_more(report_facts):
    facts = report_facts()
    text = _Page(page_text(dataclasses.replace(facts, slices=facts.slices[:1]))).text
    assert "Only the whole split was measured" in text
    assert "slices" in EvaluatorSettings.model_fields
    assert "evaluation.slices" in text


def test_a_model_that_cannot_explain_says_so(report_facts):
    facts = report_facts()
    worst = tuple(dataclasses.replace(one, overlay=None) for one in facts.worst)
    page = _Page(page_text(dataclasses.replace(facts, worst=worst, history=None)))
    assert "cannot show where it looked" in page.text
    assert len(page.all("img")) == len(worst)


def test_a_stage_with_one_class_has_dashes_for_nan(report_facts):
    facts = report_facts()
    phase = facts.phases[0] | {"metrics": [one | {"auc": float("nan")} for one in facts.phases[0]["metrics"]]}
    page = _Page(page_text(dataclasses.replace(facts, phases=(phase,))))
    assert "nan" not in page.text


def test_a_shortcut_is_told_in_the_words_of_the_audit(report_facts):
    facts = report_facts()
    shortcut = facts.cards[0]["shortcuts"][0] | {"cues": {"size": 0.97}, "suspects": ["size"]}
    card = facts.cards[0] | {"shortcuts": [shortcut]}
    text = _Page(page_text(dataclasses.replace(facts, cards=(card,)))).text
    sentence = next(PairAudit(**shortcut | {"suspects": ("size",)}).sentences())
    assert f"Shortcut: {sentence}" in text


def test_somebody_else_s_text_stays_text(report_facts):
    facts = report_facts()
    hostile = "</script><img src=x onerror=alert(1)>"
    facts = dataclasses.replace(
        facts,
        title=hostile,
        reasons=(hostile,),
        model_name=hostile,
        slices=(
            facts.slices[0],
            *(dataclasses.replace(one, name=f"source={hostile}") for one in facts.slices[1:]),
        ),
        worst=(dataclasses.replace(facts.worst[0], facts={"source": hostile}),),
        lineage=dataclasses.replace(facts.lineage, records=hostile, configuration={hostile: hostile}),
    )
    page = _Page(page_text(facts))
    assert all("onerror" not in attrs for _, attrs in page.elements)


def test_names_that_are_no_unicode_do_not_stop_the_page(report_facts, tmp_path):
    facts = report_facts(model_name="m\udcff")
    write_page(facts, tmp_path / "report.html")
    assert "<b>m?</b>" in (tmp_path / "report.html").read_text("utf-8")


def test_the_same_facts_give_the_same_page(report_facts):
    assert page_text(report_facts()) == page_text(report_facts())


def test_the_threshold_best_with_hindsight_is_told(report_facts, made_up_scores):
    labels, scores = made_up_scores(160, 0)
    f1 = [
        2 * ((scores >= one) & (labels == 1)).sum() / ((scores >= one).sum() + 80)
        for one in np.unique(scores)
    ]
    text = _Page(page_text(report_facts())).text
    assert f"the best on this split is {max(f1):.3f}" in text
    assert f"costs {100 * (max(f1) - report_facts().slices[0].at_tau.rates()['f1_fake']):.1f} points." in text
    assert "chosen for something else." in _Page(page_text(report_facts(objective="fpr=0.01"))).text


def test_no_slice_is_an_error(report_facts, tmp_path):
    with pytest.raises(ValueError, match="at least one slice"):
        write_page(report_facts(slices=()), tmp_path / "report.html")
