import pytest

from components.report import words
from components.scoring.robustness import RobustnessRow

S = words.NARROW_SPACE


def _row(kind, severity):
    return RobustnessRow("x", kind, severity, "", 1, None, None, None, None, {}, None, None)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.1875, f"18.8{S}%"), (0.1125, f"11.3{S}%"), (0.0, f"0.0{S}%"), (1.0, f"100.0{S}%"), (None, "\u2013")],
)
def test_percent_rounds_halves_up(share, text):
    assert words.percent(share) == text


def test_intervals_have_both_ends_and_one_unit():
    assert words.percent_interval((0.117, 0.286)) == f"11.7\u201328.6{S}%"
    assert words.interval((0.5, 0.75), 2) == "0.50\u20130.75"
    assert words.interval(None) == words.percent_interval(None) == words.number(None) == "\u2013"


def test_changes_carry_a_sign_but_for_none():
    assert [words.signed(change, 3) for change in (0.0204, -0.0204, -0.0001)] == [
        "+0.020",
        "\u22120.020",
        "0.000",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "\u2013"),
        (0.44, f"0.4{S}s"),
        (59.4, f"59{S}s"),
        (59.6, f"1{S}min 0{S}s"),
        (1198.7, f"19{S}min 59{S}s"),
        (3599.6, f"1{S}h 0{S}min"),
        (90061, f"25{S}h 1{S}min"),
    ],
)
def test_duration_in_the_two_largest_units(seconds, text):
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("run 2026-11-25T04:14:41.813181", "Run 25 November 2026, 04:14"),
        ("run 2026-11-25T04-14-41.813181", "Run 25 November 2026, 04:14"),
        ("run 2026-11-25T04:14:41+00:00 of me", "Run 25 November 2026, 04:14 of me"),
        ("model 3 on records/celeb", "Model 3 on records/celeb"),
        ("x 2026-19-25T04:14:41", "X 2026-19-25T04:14:41"),
        ("", ""),
    ],
)
def test_moments_are_written_out(text, heading):
    assert words.heading(text) == heading


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("overall", ("", "overall")),
        ("image/jpeg_quality=70-89", ("JPEG quality", "70-89")),
        ("slice/skin tone=a=b", ("skin tone", "a=b")),
        ("method=none", ("method", "none (real images)")),
        ("method=swap", ("method", "swap")),
    ],
)
def test_slices_are_named_by_feature_and_value(name, parts):
    assert words.slice_name(name) == parts


@pytest.mark.parametrize(
    ("kind", "severity", "text"),
    [
        ("JPEG compression", 50.0, "JPEG compression 50"),
        ("brightness", 0.3, "Brightness +0.3"),
        ("brightness", -0.3, "Brightness \u22120.3"),
    ],
)
def test_perturbations_are_named_by_kind_and_severity(kind, severity, text):
    assert words.perturbation(_row(kind, severity)) == text


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("best-f1", "F1"),
        ("fpr=0.01", f"false positive rate of at most 1{S}%"),
        ("precision=0.955", f"precision of at least 95.5{S}%"),
        ("cost=10", "costs as much as 10 missed fakes"),
        ("cost=1", "costs as much as 1 missed fake"),
    ],
)
def test_objectives_in_words(text, part):
    assert part in words.objective(text)


def test_an_objective_of_another_version_is_told_as_it_is():
    assert words.objective("youden") == "youden"


def test_settings_are_flattened_in_their_order():
    settings = {"b": {"units": [8, 4], "on": True}, "a": [{"x": None}, {"x": {}}], "empty": {}, "list": []}
    assert words.flat(settings) == [
        ("b.units", "8, 4"),
        ("b.on", "yes"),
        ("a[1].x", "none"),
        ("a[2].x", "none"),
        ("empty", "none"),
        ("list", "none"),
    ]
