"""What can go wrong in a run, by whose fault; cheap to import."""


class ConfigError(ValueError):
    """A configuration that cannot be used; the message says which key and why."""


class RunError(RuntimeError):
    """The input was fine but a run failed; the message says where and names the log."""


class BeamJobError(RunError):
    """A Beam job failed, was lost, or did not end in time; the message says which, and where it ran."""
