"""Fixtures of these tests."""

from tests.helpers.small_bundles import desk, own_bundle, small_bundle

__all__ = ["desk", "own_bundle", "small_bundle"]
