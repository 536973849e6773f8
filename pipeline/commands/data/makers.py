"""The makers of `data synthesize` by name, and which options each takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from data.synthesis.maker import Maker

DEFAULT = "blend"


@dataclass(frozen=True)
class KnownMaker:
    """A maker: what makes it, given its options; the options it takes, and those it needs, as parameters."""

    make: Callable[..., "Maker"]
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


def _blend(**options: Any) -> "Maker":
    from data.synthesis.makers.blend import BlendMaker

    return BlendMaker(**options)


def _lighting(**options: Any) -> "Maker":
    from data.synthesis.makers.lighting import LightingMaker

    return LightingMaker(**options)


def _resample(**options: Any) -> "Maker":
    from data.synthesis.makers.resample import ResampleMaker

    return ResampleMaker(**options)


def _control() -> "Maker":
    from data.synthesis.makers.control import ControlMaker

    return ControlMaker()


def _omnigen(**options: Any) -> "Maker":
    from data.synthesis.omnigen.maker import OmniGenMaker

    own_names = {"omnigen_python": "python", "weights": "model"}
    return OmniGenMaker(**{own_names.get(option, option): value for option, value in options.items()})


def _adversarial(model: Any, **options: Any) -> "Maker":
    from components.attacks.maker import AdversarialMaker

    return AdversarialMaker(model, **options)


MAKERS = {
    "blend": KnownMaker(_blend, ("strength",)),
    "lighting": KnownMaker(_lighting, ("strength",)),
    "resample": KnownMaker(_resample, ("strength",)),
    "control": KnownMaker(_control),
    "omnigen": KnownMaker(_omnigen, ("omnigen_python", "weights", "device", "prompts")),
    "adversarial": KnownMaker(_adversarial, ("model", "attack", "epsilon"), ("model",)),
}


def make_maker(name: str, options: Mapping[str, Any]) -> "Maker":
    """The maker of a name.

    Args:
        name: a key of :data:`MAKERS`.
        options: by parameter; None where not given, so that the maker's own default holds.

    Raises:
        click.UsageError: an option is not the maker's, or one that it needs is missing.
    """
    known = MAKERS[name]
    given = {option: value for option, value in options.items() if value is not None}
    for option in given:
        if option not in known.takes:
            *most, last = [other for other, one in MAKERS.items() if option in one.takes]
            others = f"{', '.join(most)} or {last}" if most else last
            raise click.UsageError(f"{_flag(option)} goes with --maker {others}, not with {name}.")
    for option in known.needs:
        if option not in given:
            raise click.UsageError(f"--maker {name} needs {_flag(option)}.")
    return known.make(**given)


def _flag(option: str) -> str:
    return "--" + option.replace("_", "-")
