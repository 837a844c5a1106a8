"""The firmware with the tiny model, built once for this machine, with sanitizers."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.firmware_stubs.build import build_posix
from edgekit.firmware_stubs.image import Image
from tests.helpers.tiny_bundle import tiny_bundle


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle(tmp_path_factory.mktemp("tiny") / "bundle")


@pytest.fixture(scope="session")
def tiny_posix(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    return build_posix(tiny, tmp_path_factory.mktemp("posix"), sanitize=True)
