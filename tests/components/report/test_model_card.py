"""The model card: the Hub's own reader takes it, all sections are there, and names stay names."""

import dataclasses
import re

import pytest
import yaml
from huggingface_hub import ModelCard

from components.report.model_card import model_card


@pytest.fixture
def card(report_facts):
    """``card(**changes)``: the text of a card."""
    return lambda **changes: model_card(report_facts(**changes))


def test_the_hub_reads_its_front_matter(card, report_facts, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(card())
    data = ModelCard.load(path).data
    assert (data.library_name, data.pipeline_tag) == ("keras", "image-classification")
    assert "deepfake-detection" in data.tags
    overall = report_facts().slices[0]
    found = {one.metric_type: one.metric_value for one in data.eval_results}
    assert found["roc_auc"] == pytest.approx(overall.auc)
    assert found["accuracy"] == pytest.approx(overall.at_tau.rates()["accuracy"])
    assert {one.dataset_split for one in data.eval_results} == {"test"}
    assert {one.dataset_name for one in data.eval_results} == {"faces"}


def test_it_says_what_a_deployer_must_know(card):
    text = card()
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    parts = ("for", "not for", "use it", "Operating point", "How well", "Limits", "Ethics", "Training data")
    for part in parts:
        assert any(part in heading for heading in headings), (part, headings)
    assert "**Not proof.**" in text
    # Nobody told the licence of this data.
    assert "Licence: **not stated by the importer; you must add it**" in text


def test_it_names_no_place_on_the_machine(card, report_facts):
    lineage = dataclasses.replace(
        report_facts().lineage,
        configuration={"model": {"backbone": "b0", "weights": "/home/someone/weights.h5"}},
    )
    text = card(lineage=lineage)
    assert "`weights.h5`" in text
    started = card(lineage=dataclasses.replace(lineage, warm_start="/home/someone/models/17"))
    assert "an earlier model, `17`" in started
    assert "/home/someone" not in text + started


@pytest.mark.parametrize("blessed", [True, False, None])
def test_the_verdict_comes_first(card, blessed):
    text = card(blessed=blessed, pushed_to=None, reasons=("AUC is 0.5; at least 0.6 was asked.",))
    words = {True: "**Blessed.**", False: "**Not blessed.**", None: "**Evaluated.**"}[blessed]
    assert text.index(words) < text.index("## ")
    assert "- AUC is 0.5; at least 0.6 was asked." in text


def test_names_of_others_are_text(card, report_facts):
    hostile = "<img src=x onerror=alert(1)>\n# heading | cell `code` [link](http://x)"
    facts = report_facts()
    bad = {**facts.cards[0], "sources": {"real": {hostile: 1}, "fake": {}}, "name": hostile}
    slices = (facts.slices[0], dataclasses.replace(facts.slices[1], name=f"source={hostile}"))
    text = card(cards=(bad,), slices=slices)
    front, body = text.split("\n---\n", 1)
    assert (
        yaml.safe_load(front.removeprefix("---\n"))["model-index"][0]["results"][0]["dataset"]["name"]
        == hostile
    )
    prose = re.sub(r"```.*?```", "", body, flags=re.DOTALL)
    assert not re.search(r"(?<!\\)<img", prose)
    assert "\n# heading" not in body
    assert not re.search(r"(?<!\\)\[link", prose)


def test_one_class_alone_has_no_auc_and_no_false_number(card):
    text = card(only=1)
    assert "nan" not in text.lower()
    assert "None" not in text
    front = yaml.safe_load(text.split("\n---\n")[0].removeprefix("---\n"))
    metrics = {one["type"] for one in front["model-index"][0]["results"][0]["metrics"]}
    assert "roc_auc" not in metrics
    assert "recall" in metrics


def test_few_images_are_a_warning(card):
    assert "read the intervals" in card(images=160)
    assert "read the intervals" not in card(images=4000)


def test_without_a_slice_there_is_nothing_to_tell(card):
    with pytest.raises(ValueError, match="at least one slice"):
        card(slices=())


def test_attacks_are_told_where_they_were_measured(card, report_facts):
    text = card(robustness=True)
    assert "| PGD 4 | 160 |" in text
    assert "Nobody has tested it against somebody who alters images" not in text
    text = card()
    assert "PGD" not in text
    assert "Nobody has tested it against somebody who alters images" in text
