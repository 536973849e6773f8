"""The maker of controls: nothing is edited."""

from collections.abc import Sequence

from data.synthesis.maker import Child, Maker, Parent


class ControlMaker(Maker):
    """Gives each parent's own pixels, which are then saved like those of every other child.

    A detector that has seen such images with the label of their parents cannot take "was saved once more" for "fake".
    """

    name = "control"
    label = None

    def settings(self) -> dict:
        """None."""
        return {}

    def make(self, parents: Sequence[Parent], seeds: Sequence[int]) -> list[Child]:
        """See :meth:`Maker.make`; no chance is in it."""
        return [Child(parent.pixels, strength=0.0) for parent in parents]
