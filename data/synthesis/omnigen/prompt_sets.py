"""What OmniGen is told: sets of prompts, a file each."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from data.errors import BadInputError

#: Where a prompt says "this image"; diffusers puts the image's tokens there.
PLACEHOLDER = "<img><|image_1|></img>"
#: All sets that come with the project.
ALL = "all"

_FOLDER = Path(__file__).parent / "prompts"
_LONGEST = 1000
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Any other tag would stand for a second image, or end the prompt.
_WELL_FORMED = re.compile(re.escape(PLACEHOLDER) + r" [^<>|]*[^<>|\s][^<>|]*")


@dataclass(frozen=True)
class Prompt:
    """One edit.

    Attributes:
        set: the name of its set, such as ``"expression"``.
        name: its own, such as ``"smile"``.
        text: what the model is told; begins with ``PLACEHOLDER``.
    """

    set: str
    name: str
    text: str


def known_sets() -> list[str]:
    """Names of the sets that come with the project."""
    return sorted(path.stem for path in _FOLDER.glob("*.jsonl"))


def read_prompts(chosen: str | Path) -> list[Prompt]:
    """Reads prompts.

    Args:
        chosen: a set that comes with the project, ``"all"`` of them, or a file of one's own: a line of JSON a prompt,
            ``{"name": "smile", "prompt": "<img><|image_1|></img> Make the person smile. Keep ..."}``. Its name
            without ending becomes the name of the set.

    Returns:
        At least one, in the order of the file.

    Raises:
        BadInputError: there is no such set, or the file is none.
    """
    if chosen == ALL:
        return [prompt for name in known_sets() for prompt in read_prompts(name)]
    path = _FOLDER / f"{chosen}.jsonl" if chosen in known_sets() else Path(chosen)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"Expected prompts: {', '.join(known_sets())}, {ALL}, or a file with a line of JSON for each, received "
            f"{chosen}: {error}."
        ) from error
    prompts = [_prompt(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not prompts:
        raise BadInputError(f"Expected at least one prompt in {path}, received none.")
    names = [prompt.name for prompt in prompts]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadInputError(
            f"Expected a name of its own for each prompt of {path}, received twice: {twice[0]}."
        )
    return prompts


def _prompt(path: Path, number: int, line: str) -> Prompt:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadInputError(
            f"Expected JSON in {path}, line {number}, received something else ({error})."
        ) from error
    if not (isinstance(row, dict) and set(row) == {"name", "prompt"}):
        raise BadInputError(
            f'Expected {{"name": ..., "prompt": ...}} in {path}, line {number}, received {line:.80}.'
        )
    name, text = row["name"], row["prompt"]
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise BadInputError(
            f"Expected a name of small letters, digits and hyphens in {path}, line {number}, received {name!r:.80}."
        )
    if not (isinstance(text, str) and _WELL_FORMED.fullmatch(text)):
        raise BadInputError(
            f"Expected a prompt that begins with {PLACEHOLDER}, a blank and what to do, with no other tag, in "
            f"{path}, line {number}, received {text!r:.80}."
        )
    if len(text) > _LONGEST or not text.isprintable():
        raise BadInputError(
            f"Expected one line of up to {_LONGEST} printable characters in {path}, line {number}, "
            f"received {len(text)}."
        )
    return Prompt(path.stem, name, text)
