"""Fixtures every test may use: the test data, golden files, switches."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# As `edgekit` imports TensorFlow, also where a test imports it first: with oneDNN, steps on some
# batch sizes corrupt the heap (TensorFlow 2.21).
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the golden files from this run"
    )


@pytest.fixture(scope="session", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Locks, run log, history and lab file of the tests are their own, in their children too."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("state")
        patch.setenv("EDGEKIT_STATE", str(folder))
        patch.setenv("EDGEKIT_LAB", str(folder / "devices.toml"))
        for name in ("EDGEKIT_LOG", "EDGEKIT_HISTORY"):
            patch.delenv(name, raising=False)
        yield folder


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real models and data sets; skips where it is missing."""
    folder = Path(os.environ.get("EDGEKIT_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "models").is_dir():
        pytest.skip(f"no test data at {folder}; set EDGEKIT_TEST_DATA")
    return folder


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden("name.txt", text)` compares `text` with tests/golden/name.txt."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        assert path.exists(), f"{path} is missing; run pytest --update-golden and look at it"
        assert text == path.read_text(encoding="utf-8"), (
            f"{name} changed; if the change is wanted, run pytest --update-golden"
        )

    return check
