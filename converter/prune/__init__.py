"""Pruning: weights set to zero, channels taken out of the graph; see `prune.py`."""
