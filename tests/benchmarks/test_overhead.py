"""The overhead of our runner: what is compared and how it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import overhead
from benchmarks.overhead import Overhead, measure, table
from tests.helpers.small_bundles import write_model


def _made(*ratios: float) -> Overhead:
    return Overhead("m.tflite", "engine 1.0, XNNPACK", 7, 1, 0.001, ratios)


@pytest.mark.parametrize(
    ("ratios", "beyond"),
    [((1.0,) * 20, False), ((1.05,) * 20, True), ((1.0, 1.2) * 10, False)],
)
def test_beyond_is_beyond_doubt(ratios: tuple[float, ...], beyond: bool) -> None:
    assert _made(*ratios).beyond is beyond


def test_both_call_the_same_interpreter_as_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, tries = {"bare": 0, "ours": 0}, overhead.TRIES
    loop, samples = overhead._loop, overhead.timed

    def bare(call: object, count: int) -> None:
        counted["bare"] += count
        loop(call, count)  # type: ignore[arg-type]

    def ours(call: object, count: int, per_sample: int = 1) -> tuple[float, ...]:
        counted["ours"] += count * per_sample
        return samples(call, count, per_sample)  # type: ignore[arg-type]

    monkeypatch.setattr(overhead, "_loop", bare)
    monkeypatch.setattr(overhead, "timed", ours)
    monkeypatch.setattr(overhead, "calls_per_sample", lambda seconds, reading: 4)
    model = write_model(tmp_path / "m.tflite")
    for singly, each in ((True, 1), (False, 4)):
        counted.update(bare=0, ours=0)
        found = measure(model, rounds=2, try_s=0.0, singly=singly)
        assert (found.calls, found.each, len(found.ratios)) == (3 * each, each, 2)
        calls = 2 * tries * 3 * each
        assert counted == {"bare": calls, "ours": 5 + calls}
        assert found.bare_s > 0


def test_the_table_and_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = iter([_made(1.0, 1.0, 1.0), _made(1.5, 1.5, 1.5)])
    monkeypatch.setattr(overhead, "measure", lambda path, **_: next(rows))
    assert overhead.main(["a.tflite"]) == 0
    assert "| 1000.00 | 1 | 1.0000 | 1.0000 to 1.0000 |" in capsys.readouterr().out
    assert overhead.main(["a.tflite"]) == 3
    assert len(table([_made(1.0)])) == 3
