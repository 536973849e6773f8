"""Numbers, names and dates as people read them."""

import datetime
import decimal
import re
from typing import Any

from components.scoring.robustness import RobustnessRow
from components.settings.objective import parse_objective
from data.example import COLUMN_PREFIX

NARROW_SPACE = "\u202f"
"""Does not break, so that a number and its unit stay together."""

MISSING = "\u2013"
"""Stands where a measure is not defined."""

_PERCENT = f"{NARROW_SPACE}%"
_MINUS = "\u2212"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d[:-]\d\d[:-]\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many digits after the point; a dash for None."""
    return MISSING if value is None else _rounded(value, digits)


def interval(ends: tuple[float, float] | None, digits: int = 3) -> str:
    """Both ends of an interval; a dash for None."""
    return MISSING if ends is None else MISSING.join(_rounded(end, digits) for end in ends)


def percent(share: float | None) -> str:
    """A share in [0, 1] in percent; a dash for None."""
    return MISSING if share is None else _rounded(100 * share, 1) + _PERCENT


def percent_interval(ends: tuple[float, float] | None) -> str:
    """Both ends of an interval of shares in percent; a dash for None."""
    return MISSING if ends is None else MISSING.join(_rounded(100 * end, 1) for end in ends) + _PERCENT


def signed(change: float, digits: int) -> str:
    """A change with its sign."""
    text = _rounded(abs(change), digits)
    return text if not float(text) else ("+" if change > 0 else _MINUS) + text


def threshold(value: float) -> str:
    """A threshold, to four digits: below that, few images in ten thousand are decided otherwise."""
    return f"{value:.4f}"


def count(value: int) -> str:
    """A count, with a comma at every thousand."""
    return f"{value:,}"


def images(value: int) -> str:
    """A count of images, as `1 image` or `1,068 images`."""
    return f"{value:,} image" if value == 1 else f"{value:,} images"


def duration(seconds: float | None) -> str:
    """A length of time in its two largest units; a dash for None."""
    if seconds is None:
        return MISSING
    if seconds < 10:
        return f"{seconds:.1f}{NARROW_SPACE}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{NARROW_SPACE}s"
    if whole < 3600:
        return f"{whole // 60}{NARROW_SPACE}min {whole % 60}{NARROW_SPACE}s"
    minutes = round(seconds / 60)
    return f"{minutes // 60:,}{NARROW_SPACE}h {minutes % 60}{NARROW_SPACE}min"


def heading(text: str) -> str:
    """The text with a capital, and every ISO 8601 moment in it written out, as `25 November 2026, 04:14`."""
    return _MOMENT.sub(_written_out, text[:1].upper() + text[1:])


def _written_out(match: re.Match[str]) -> str:
    date, time = match[0].split("T")
    try:
        day = datetime.date.fromisoformat(date)
    except ValueError:
        # Looks like a date and is none: it is somebody's name.
        return match[0]
    return f"{day.day} {day:%B %Y}, {time[:5].replace('-', ':')}"


def feature_name(key: str) -> str:
    """What a feature of the records is called on the page: `image/jpeg_quality` is `JPEG quality`."""
    name = key.removeprefix(COLUMN_PREFIX).removeprefix("image/").replace("_", " ")
    return re.sub(r"\bjpeg\b", "JPEG", name)


def slice_name(name: str) -> tuple[str, str]:
    """Feature and value of a slice, from `feature=value`; a name without `=` comes back as the value."""
    feature, equals, value = name.partition("=")
    if not equals:
        return "", name
    if feature == "method" and value == "none":
        value = "none (real images)"
    return feature_name(feature), value


def perturbation(row: RobustnessRow) -> str:
    """What was done to the images, such as `JPEG compression 50`; its unit stands in the table."""
    signed = row.kind == "brightness" and row.severity > 0
    severity = f"{row.severity:+g}" if signed else f"{row.severity:g}".replace("-", _MINUS)
    return f"{row.kind[:1].upper()}{row.kind[1:]} {severity}"


def objective(text: str) -> str:
    """A threshold objective in words; one that this version does not know comes back as it is."""
    try:
        name, value = parse_objective(text)
    except ValueError:
        return text
    if name == "best-f1":
        return "the best balance of precision and recall of fakes (F1)"
    if name == "fpr":
        return f"as many fakes found as a false positive rate of at most {_share(value)} allows"
    if name == "precision":
        return f"as many fakes found as a precision of at least {_share(value)} allows"
    return f"the least cost, where a false alarm costs as much as {value:g} missed fake{'' if value == 1 else 's'}"


def flat(settings: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as pairs of dotted name and value, in their order; a list of plain values is one value."""
    if isinstance(settings, dict) and settings:
        return [
            pair
            for key, value in settings.items()
            for pair in flat(value, f"{prefix}.{key}" if prefix else str(key))
        ]
    if isinstance(settings, (list, tuple)) and any(isinstance(one, (dict, list, tuple)) for one in settings):
        return [
            pair
            for place, value in enumerate(settings, start=1)
            for pair in flat(value, f"{prefix}[{place}]")
        ]
    if isinstance(settings, (list, tuple)):
        return [(prefix, ", ".join(_plain(one) for one in settings) or "none")]
    return [(prefix, _plain(settings))]


def _rounded(value: float, digits: int) -> str:
    # As JavaScript rounds: halves go up, and not to the even digit, or the page would say 11.2 and its script 11.3.
    return str(decimal.Decimal(value).quantize(decimal.Decimal(1).scaleb(-digits), decimal.ROUND_HALF_UP))


def _share(value: float) -> str:
    return f"{100 * value:g}{_PERCENT}"


def _plain(value: Any) -> str:
    if value is None or value == {}:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
