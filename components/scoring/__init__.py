"""Scores of single images by an exported model: as they are, and perturbed as images are on their way."""
