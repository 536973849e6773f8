"""The Evaluator's part of the project: what TFMA measures, what blesses a model, and reading back what came of it."""
