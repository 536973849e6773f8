"""Cards are read back, and what is none is named."""

import pytest

from data.card import is_imported, read_card, read_cards
from data.errors import BadInputError
from data.images.decode_check import Limits
from data.importing import is_up_to_date
from data.options import HarmoniseOptions, ImportOptions
from data.record_folder import CARD_FILE


def test_a_folder_without_a_card(tmp_path):
    assert not is_imported(tmp_path)
    with pytest.raises(
        BadInputError, match=r"found no dataset_card\.json in span-1/\. Make one with `deepfake"
    ):
        read_card(tmp_path)
    with pytest.raises(BadInputError, match="found no dataset_card"):
        read_card(tmp_path / "absent")
    with pytest.raises(BadInputError, match="found no dataset_card"):
        read_cards(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "Expected JSON in"), ('{"version": 0}', "received 0"), ("[]", "received None")],
)
def test_a_card_that_cannot_be_read_is_named_and_calls_for_an_import(tmp_path, text, message):
    (tmp_path / "span-1").mkdir()
    (tmp_path / "span-1" / CARD_FILE).write_text(text)
    assert is_imported(tmp_path)
    with pytest.raises(BadInputError, match=message):
        read_card(tmp_path)
    assert not is_up_to_date(tmp_path, tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_quarantined_share": 1.5},
        {"group_radius": 64},
        {"max_cue_auc": 0.4},
        {"harmonise": HarmoniseOptions(quality=101)},
        {"harmonise": HarmoniseOptions(quality=0)},
        {"harmonise": HarmoniseOptions(size=63)},
        {"harmonise": HarmoniseOptions(size=100), "limits": Limits(smallest_face=128)},
        {"harmonise": HarmoniseOptions(size=0)},
        {"images_per_shard": 0},
        {"shares": {"train": 1.0}},
    ],
)
def test_options_out_of_range_are_named(wrong):
    with pytest.raises(BadInputError, match="received"):
        ImportOptions(**wrong)


@pytest.mark.parametrize("fine", [{}, {"size": 64, "quality": 1}, {"size": 512, "quality": 100}])
def test_harmonising_within_its_range_is_fine(fine):
    assert ImportOptions(harmonise=HarmoniseOptions(**fine)).as_dict()["harmonise"] == {
        "size": fine.get("size"),
        "quality": fine.get("quality"),
    }
