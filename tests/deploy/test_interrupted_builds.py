"""Ctrl-C while a program is compiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.deploy import build as building


@pytest.mark.parametrize("signal", [KeyboardInterrupt, SystemExit])
def test_a_new_folder_is_gone_and_an_old_one_stays(
    tmp_path: Path,
    small_bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    signal: type[BaseException],
) -> None:

    def stop(folder: Path, target: object, out: Path, **rest: object) -> None:
        (out / "obj").mkdir(parents=True)
        raise signal

    monkeypatch.setattr(building, "build_firmware", stop)
    new, old = tmp_path / "new", tmp_path / "old"
    old.mkdir()
    (old / "build.log").write_text("from before")
    for folder in (new, old):
        with pytest.raises(signal):
            building.build(small_bundle, target="virtual-m4", output_dir=folder)
    assert not new.exists()
    assert (old / "build.log").read_text() == "from before"


def test_during_the_first_imports_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The console script answers Ctrl-C before the commands are loaded."""
    import builtins

    from edgekit.cli.entry import run

    honest = builtins.__import__

    def stopped(name: str, *rest: object, **more: object) -> object:
        if name == "edgekit.cli.main":
            raise KeyboardInterrupt
        return honest(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", stopped)
    with pytest.raises(SystemExit) as caught:
        run()
    assert caught.value.code == 130
