"""The container command of every node: `python -m pipeline.runners.kubeflow.entrypoint`.

It takes the arguments of TFX's own entrypoint, puts in what open-source Kubeflow Pipelines leaves out, and lets TFX's
own entrypoint do the work. Imports nothing of the compiler: a container of a node needs none of it.
"""
