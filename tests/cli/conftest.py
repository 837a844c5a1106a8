"""Fixtures of these tests."""

from tests.helpers.adb_client import client, phone
from tests.helpers.small_bundles import desk, own_bundle, small_bundle

__all__ = ["client", "desk", "own_bundle", "phone", "small_bundle"]
