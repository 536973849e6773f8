"""Runs a compiled spec on this machine, node by node, the way a cluster calls each: to debug before paying for one.

What a cluster would do is in here: it reads the spec (`compiled`), orders the tasks (`ordering`), gives values to
parameters (`parameters`), tells each node what it gets and where to write (`executor_inputs`), fills in its command
(`placeholders`), starts it (`processes`), and carries its artifacts on (`storage`, `nodes`, `running`).
"""
