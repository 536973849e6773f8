"""Makers that need no trained model, a file each."""
