"""The answer about one image."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Verdict:
    """What the detector says about one image, with everything needed to trace the statement.

    Attributes:
        path: where the image came from; None for bytes.
        score: P(fake) in [0, 1]; None where `error` says why.
        decision: "real", "fake" or "uncertain": the model's own comparison of the score with its threshold and band.
        threshold: in [0, 1]; travels with the model.
        model_name: the model that was asked.
        model_version: the version that answered.
        sha256: of the image file's bytes, in hexadecimal; None if it could not be read.
        uncertain_band: scores from the first to below the second are uncertain; None where the model has no band.
        error: why this image has no verdict; None if it has one.
    """

    path: str | None
    score: float | None
    decision: str | None
    threshold: float | None
    model_name: str
    model_version: int | None
    sha256: str | None
    uncertain_band: tuple[float, float] | None = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether there is a verdict."""
        return self.error is None

    def as_dict(self) -> dict:
        """The fields in their order, ready for JSON."""
        return asdict(self)
