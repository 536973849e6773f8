"""Where Beam runs: one profile a name, each a list of Beam pipeline arguments."""

from data.options import IN_MEMORY_RUNNER

BEAM_PROFILES: dict[str, tuple[str, ...]] = {
    # One process: on one machine faster than several, which would each import TFX first.
    "direct": (IN_MEMORY_RUNNER, "--direct_running_mode=in_memory", "--direct_num_workers=1"),
}


def beam_args(profile: str = "direct") -> list[str]:
    """The Beam arguments of a profile.

    Raises:
        ValueError: when there is no such profile.
    """
    if profile not in BEAM_PROFILES:
        raise ValueError(f"Expected a Beam profile of {', '.join(BEAM_PROFILES)}, received '{profile}'.")
    return list(BEAM_PROFILES[profile])
