"""Where a pipeline runs: one runner a module, each a page that `graph.py` knows nothing of."""
