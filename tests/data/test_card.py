"""Cards are read back, and what is none is named."""

import pytest

from data.card import CARD_FILE, is_imported, read_card
from data.errors import BadInputError
from data.importing import is_up_to_date
from data.options import ImportOptions


def test_a_folder_without_a_card(tmp_path):
    assert not is_imported(tmp_path)
    with pytest.raises(BadInputError, match=r"found none\. Make one with `deepfake-inspector data import"):
        read_card(tmp_path)
    with pytest.raises(BadInputError, match="found none"):
        read_card(tmp_path / "absent")


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "Expected JSON in"), ('{"version": 0}', "received 0"), ("[]", "received None")],
)
def test_a_card_that_cannot_be_read_is_named_and_calls_for_an_import(tmp_path, text, message):
    (tmp_path / CARD_FILE).write_text(text)
    assert is_imported(tmp_path)
    with pytest.raises(BadInputError, match=message):
        read_card(tmp_path)
    assert not is_up_to_date(tmp_path, tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_quarantined_share": 1.5},
        {"group_radius": 64},
        {"images_per_shard": 0},
        {"shares": {"train": 1.0}},
    ],
)
def test_options_out_of_range_are_named(wrong):
    with pytest.raises(BadInputError, match="received"):
        ImportOptions(**wrong)
