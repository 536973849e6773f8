"""Measures a pushed model on other images than those of its run."""
