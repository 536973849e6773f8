"""When a recurring run begins."""

from dataclasses import dataclass

from pipeline.errors import ConfigError

_FIELDS = ("second", "minute", "hour", "day of month", "month", "day of week")


@dataclass(frozen=True)
class Schedule:
    """Exactly one of the two.

    Attributes:
        every_s: seconds from one start to the next.
        cron: expression of six fields, the first of them seconds.
    """

    every_s: int | None = None
    cron: str | None = None

    def __post_init__(self) -> None:
        if (self.every_s is None) == (self.cron is None):
            raise ConfigError("A recurring run: expected one of --every and --cron.")
        if self.every_s is not None and self.every_s < 1:
            raise ConfigError(f"--every: expected 1 second or more, received {self.every_s}.")
        if self.cron is not None and len(self.cron.split()) != len(_FIELDS):
            raise ConfigError(
                f"--cron: expected {len(_FIELDS)} fields ({', '.join(_FIELDS)}), such as '0 30 2 * * *' for 02:30 "
                f"every day, received {len(self.cron.split())} in '{self.cron}'."
            )
