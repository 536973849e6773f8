"""Holds the scores that a model was served for against those of its evaluation."""
