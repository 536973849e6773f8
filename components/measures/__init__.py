"""Measures of scores and decisions, in NumPy: no TensorFlow, no TFX, nothing of the pipeline.

What is not defined is `None`, never NaN.
"""
