"""Frames of cameras as inputs of models: the definition in NumPy, and its plan as C constants."""
