"""Of any mess of files, every one is kept or listed with its reason."""

from collections import Counter

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from importing_checks import lines, near_copy, records_of

from data.errors import BadInputError
from data.image_table import read_table, values
from data.images.decode_check import Limits
from data.importing import import_images
from data.options import ImportOptions

_FEWEST_GOOD = 16
_LIMITS = Limits(max_pixels=64 * 200)


def _bad_files(picture, encode):
    """Content by reason, of which any number may lie in a folder; None for a link that leads nowhere."""
    whole = encode(picture(3001))
    return {
        "empty": b"",
        "truncated": whole[: len(whole) // 2],
        "corrupt": whole[:80] + bytes(byte ^ 0x55 for byte in whole[80:-30]) + whole[-30:],
        "not_an_image": b"<html>404 not found</html>",
        "unsupported_format": encode(picture(3002), "GIF"),
        "grey": encode(picture(3003)[..., 1]),
        "too_small": encode(picture(3004, 63)),
        "extreme_aspect": encode(picture(3005, 193)[:, :64]),
        "too_large": encode(picture(3006, 114)),
        "broken_link": None,
    }


_REASONS = (
    *("empty", "truncated", "corrupt", "not_an_image", "unsupported_format"),
    *("grey", "too_small", "extreme_aspect", "too_large", "broken_link"),
)
_few = st.integers(0, 3)
messes = st.fixed_dictionaries(
    {
        "good": st.tuples(st.integers(_FEWEST_GOOD, 22), st.integers(_FEWEST_GOOD, 22)),
        "exact copies": st.tuples(_few, _few),
        "near copies": st.tuples(_few, _few),
        "conflicting": _few,
        "bad": st.fixed_dictionaries({reason: st.tuples(_few, _few) for reason in _REASONS}),
    }
)


def _make_mess(root, mess, picture, encode):
    """Makes the folder; returns the reason to expect of each bad file, by name."""
    expected = {}
    bad = _bad_files(picture, encode)

    def put(name, content):
        if content is None:
            (root / name).symlink_to("nowhere")
        else:
            (root / name).write_bytes(content)

    for label, folder in enumerate(("real", "fake")):
        (root / folder / "deep").mkdir(parents=True)
        for number in range(mess["good"][label]):
            put(f"{folder}/{number:02d}.jpg", encode(picture(2 * number + label)))
        for number in range(mess["exact copies"][label]):
            put(f"{folder}/deep/exact{number}.jpg", encode(picture(label)))
        for number in range(mess["near copies"][label]):
            put(f"{folder}/near{number}.png", near_copy(encode(picture(2 * number + label)), encode))
        for number in range(mess["conflicting"]):
            put(f"{folder}/both{number}.jpg", encode(picture(4000 + number)))
            expected[f"{folder}/both{number}.jpg"] = "conflicting_label"
        for reason, counts in mess["bad"].items():
            for number in range(counts[label]):
                put(f"{folder}/deep/{reason}{number}.jpg", bad[reason])
                expected[f"{folder}/deep/{reason}{number}.jpg"] = reason
    return expected


# An example takes a second, and making a failing one smaller takes hundreds.
@settings(
    deadline=None,
    max_examples=12,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(mess=messes, seed=st.integers(0, 3))
def test_of_any_mess_every_file_is_kept_or_listed(tmp_path_factory, picture, encode, mess, seed):
    root = tmp_path_factory.mktemp("mess") / "set"
    expected = _make_mess(root, mess, picture, encode)
    out = root.with_name("out")
    options = ImportOptions(max_quarantined_share=1.0, limits=_LIMITS, seed=seed, images_per_shard=7)
    try:
        card = import_images(root, out, options)
    except BadInputError as error:
        assume("a group is never split" not in str(error))
        raise
    listed = lines(out / "span-1" / "quarantine.jsonl")
    assert {row["path"]: row["reason"] for row in listed} == expected
    assert len(listed) == len(expected)
    assert all(row["label"] == row["path"][:4] for row in listed)
    assert card.quarantined == Counter(expected.values())
    files = [path for path in root.rglob("*") if path.is_symlink() or path.is_file()]
    assert card.found == len(files) == card.kept + sum(card.quarantined.values())
    kept = {
        str(p.relative_to(root)): p.read_bytes() for p in files if str(p.relative_to(root)) not in expected
    }
    records = records_of(out)
    assert Counter(record.encoded for record in records) == Counter(kept.values())
    assert Counter(record.label for record in records) == Counter(name[:4] == "fake" for name in kept)
    table = read_table(out / "span-1")
    assert sorted(values(table, "name")) == sorted(kept)
    group_of = dict(zip(values(table, "name"), values(table, "group"), strict=True))
    split_of = dict(zip(values(table, "group"), values(table, "split"), strict=True))
    assert len(set(zip(values(table, "group"), values(table, "split"), strict=True))) == len(split_of)
    for name, group in group_of.items():
        folder, file = name.split("/")[0], name.split("/")[-1]
        if file.startswith("exact"):
            assert group == group_of[f"{folder}/00.jpg"]
        if file.startswith("near"):
            assert group == group_of[f"{folder}/{int(file[4]):02d}.jpg"]
    assert len(split_of) == sum(mess["good"])
