"""The steps of the DAG: one file or folder a step, named after the step.

May import ``data``; never ``pipeline`` or ``serving``. How the steps are wired together is the business of
``pipeline.graph`` alone.
"""
