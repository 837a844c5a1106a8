"""Lowering: an int8 graph becomes a `Program` of kernel calls."""
