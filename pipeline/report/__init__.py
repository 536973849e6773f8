"""Looks a local run up in ML Metadata, for its report; `components/report/` gathers the rest and lays it out."""
