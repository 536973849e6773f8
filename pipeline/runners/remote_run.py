"""A run on another machine: what is known of it, and how it is followed to its end."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline.errors import RunError

SUCCEEDED = "succeeded"
ENDED = frozenset({SUCCEEDED, "failed", "canceled", "cancelled", "skipped", "error"})
_TRIES = 5


@dataclass(frozen=True)
class RunState:
    """What the other side says of a run.

    Attributes:
        state: of the whole, in small letters, such as `running`.
        nodes: state of each node that it has begun, in small letters, by name.
        error: what went wrong, in the words of the other side; empty otherwise.
    """

    state: str
    nodes: Mapping[str, str] = field(default_factory=dict)
    error: str = ""

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def succeeded(self) -> bool:
        return self.state == SUCCEEDED


def follow(
    look: Callable[[], RunState],
    tell: Callable[[str], None],
    timeout_s: float | None,
    poll_s: float = 5.0,
) -> RunState:
    """Looks until the run has ended.

    A look that fails is tried again, as a server may restart while a run of hours goes on; five in a row are too
    many.

    Args:
        look: asks for the state; raises RunError where the other side does not answer.
        tell: gets a line when a node or the whole changes its state.
        timeout_s: seconds to wait at most; None to wait for ever.
        poll_s: seconds between looks.

    Raises:
        RunError: time is up, or the other side has stopped to answer. The run itself goes on.
        ConfigError: what `look` raises of it, such as an access that has expired.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    seen: dict[str, str] = {}
    failures = 0
    while True:
        try:
            now = look()
            failures = 0
        except RunError as error:
            failures += 1
            if failures == _TRIES:
                raise RunError(f"{error} Asked {_TRIES} times; the run may go on.") from error
            tell(f"no answer ({error}), asking again")
        else:
            for name, state in now.nodes.items():
                if seen.get(name) != state:
                    tell(f"{name}: {state}")
                    seen[name] = state
            if now.ended:
                return now
        if deadline is not None and time.monotonic() + poll_s > deadline:
            raise RunError(
                f"The run has not ended within {timeout_s:g} s. Only the waiting ends here: the run goes on."
            )
        time.sleep(poll_s)
