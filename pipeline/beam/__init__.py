"""Where Beam runs: the profiles, their settings, and the engines that a profile can be tried on here.

`profiles` says which there are and which fits, `settings` what can be set, `arguments` what Beam gets of it. Every
job has a deadline (`deadline`). `worker_pool` is the Python beside a Flink TaskManager or a Spark executor; `local`
starts Flink and Spark on this machine. What runs on Beam does not stand here: it gets arguments, and asks no more.
Cheap to import, as all but `deadline` and `worker_pool` are.
"""

from pipeline.beam.arguments import beam_args

__all__ = ["beam_args"]
