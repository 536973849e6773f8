"""What can go wrong in the steps, by whose fault; cheap to import."""


class DataAnomalyError(ValueError):
    """The records do not fit the schema."""


class WeightsError(ValueError):
    """Pretrained weights could not be had or do not fit."""


class ObjectiveError(ValueError):
    """No threshold, or no uncertain band, reaches what was asked for on the validation split."""


class ServingCheckError(RuntimeError):
    """The exported model does not load or answer as it must."""


class TrainingStoppedError(BaseException):
    """SIGTERM came while something trained; the message says what is kept.

    As KeyboardInterrupt is, it is no Exception: libraries that go on after any Exception must not swallow it.
    """


class HardwareError(ValueError):
    """The devices that were asked for cannot train."""
