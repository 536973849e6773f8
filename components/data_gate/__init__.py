"""DataGate: stops the run when the data does not fit the schema, each other, or the data of the served model.

`gate.DataGate` is the step; every other file finds one kind of fault and words it: what, where, how many, what to do.
"""

from components.data_gate.gate import DataGate

__all__ = ["DataGate"]
