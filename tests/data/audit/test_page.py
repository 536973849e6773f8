"""The audit page shows what the card and the statistics say, and nobody else's markup."""

import base64
import re
from html.parser import HTMLParser

import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from data.audit.page import write_page
from data.audit.records import audit_records
from data.card import read_card
from data.importing import import_images
from data.options import IN_MEMORY_RUNNER, ImportOptions


class _Text(HTMLParser):
    """The rows of all tables, as lists of the text of their cells."""

    def __init__(self):
        super().__init__()
        self.rows = []
        self.tags = set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        if tag == "table":
            self.rows.append([])

    def handle_data(self, text):
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += " ".join(text.split())


@pytest.fixture(scope="module")
def records(tmp_path_factory, make_folder):
    root = make_folder(tmp_path_factory.mktemp("page") / "<b>set & co", 40)
    (root / "real" / "broken.jpg").write_bytes(b"no image")
    out = tmp_path_factory.mktemp("out") / "records"
    import_images(root, out, ImportOptions())
    return out


@pytest.fixture(scope="module")
def folder(records, tmp_path_factory):
    """The folder of a page that has replaced an older file."""
    path = tmp_path_factory.mktemp("html")
    (path / "audit.html").write_text("old")
    write_page(audit_records(records), records, path / "audit.html", [IN_MEMORY_RUNNER])
    return path


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "audit.html").read_text()


def test_the_numbers_are_those_of_the_card_and_the_audit(records, page):
    card, audit = read_card(records), audit_records(records)
    reader = _Text()
    reader.feed(page)
    for number, (split, counts) in enumerate(card.splits.items()):
        share = f"{100 * sum(counts.values()) / card.kept:.1f} %"
        row = ["1" if not number else "", split, str(counts["real"]), str(counts["fake"]), share, ""]
        assert row in reader.rows
    [pair] = audit.shortcuts
    aucs = [f"{auc:.2f}" for auc in (*pair.cues.values(), pair.together)]
    assert ["all", "40", "40", *aucs] in reader.rows
    assert [
        "quarantined",
        "1 \u00d7 not_an_image (the content is no image, whatever the name says)",
    ] in reader.rows


def test_statistics_are_shown_by_split(records, page):
    reader = _Text()
    reader.feed(page)
    rows = {row[0]: row[1:] for row in reader.rows if row}
    counts = read_card(records).splits
    assert rows["image/encoded"] == [
        f"{sum(counts[split].values())} images" for split in ("train", "val", "test")
    ]
    assert rows["image/width"] == ["64"] * 3
    assert set(re.findall(r"(\d) \((\d+)\)", rows["label"][0])) == {
        ("0", str(counts["train"]["real"])),
        ("1", str(counts["train"]["fake"])),
    }


def test_a_name_with_markup_is_text(page):
    assert "&lt;b&gt;set &amp; co" in page
    assert "<b>set" not in page


def test_facets_holds_train_beside_test(records, page):
    encoded = re.search(r'proto-input="([A-Za-z0-9+/=]+)"', page)[1]
    shown = statistics_pb2.DatasetFeatureStatisticsList.FromString(base64.b64decode(encoded))
    counts = read_card(records).splits
    assert {one.name: one.num_examples for one in shown.datasets} == {
        split: sum(counts[split].values()) for split in ("train", "test")
    }


def test_an_older_page_is_replaced_whole(folder, page):
    assert page.startswith("<!doctype html>")
    assert [path.name for path in folder.iterdir()] == ["audit.html"]
