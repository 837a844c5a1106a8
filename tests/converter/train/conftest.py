"""Fixtures of these tests."""

from tests.helpers.colours import colours

__all__ = ["colours"]
