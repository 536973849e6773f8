"""What a run will take, reckoned from what was measured: the numbers stand in `figures.py`."""
