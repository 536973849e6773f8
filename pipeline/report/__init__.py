"""Gathers what the report and the model card of a run tell; `components/report/` lays it out."""
