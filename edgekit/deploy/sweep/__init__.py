"""Searching over networks, methods, precisions and targets: `sweep.py` lists the stages."""
