"""What runs, and where: the configuration, the DAG, the runners and the command line.

May import every other package; only tests import this one.
"""
