"""Flink and Spark on this machine: what `deepfake-inspector beam start|stop|status` does.

`jars` gathers an engine by Maven and checks it against the checksums beside its pom; `java` finds the tools;
`flink_cluster`, `job_servers` and `pools` say what to start; `starting` starts it; `processes` starts, watches and
ends process groups; `state` remembers what runs.
"""
