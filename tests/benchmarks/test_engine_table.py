"""`make bench-engine`: its table, its verdict, its record, and the bare program it measures."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import engine
from benchmarks.bare import bare_size
from benchmarks.engine_record import Layer, Record
from benchmarks.engine_table import head, rows, verdict
from edgekit.deploy.bundles import open_bundle
from edgekit.errors import DoesNotFitError
from tests.helpers.small_bundles import small_bundle
from tests.helpers.virtual_firmware import needs_qemu

__all__ = ["small_bundle"]
LAYERS = (
    Layer("stem", "CONV_2D", "ek_conv2d_s8__ref", 600_000, 600_000, 610_000),
    Layer("mix", "DEPTHWISE_CONV_2D", "ek_depthwise_conv2d_s8__ref", 100_000, 250_000, 240_000),
    Layer("head", "CONV_2D", "ek_conv2d_s8__ref", 300_000, 100_000, 90_000),
    Layer("scores", "SOFTMAX", "ek_softmax_s8__ref", 0, 5_000, 4_000),
)
GOOD = Record(
    board="virtual-m4",
    model="vww",
    instructions=960_000,
    macs=1_000_000,
    model_macs=2_000_000,
    outputs_equal=3,
    outputs_checked=3,
    arena=50_000,
    ram=50_016,
    flash=300_000,
    weights=289_000,
    code=11_000,
    engine=10_500,
    layers=LAYERS,
    baseline={"instructions": 2_400_000, "ram": 100_000, "code": 52_000},
    must={"instructions": 0.43, "ram": 0.60, "code": 12_000},
)
BAD = replace(GOOD, instructions=1_200_000, code=12_001, outputs_equal=2)
ALONE = replace(
    GOOD,
    board="virtual-m0",
    baseline={},
    must={},
    model_macs=1_000_000,
    portable=1_280_000,
    ram_budget=11_264,
)


def test_the_table(golden: Callable[[str, str], None]) -> None:
    records = (GOOD, BAD, ALONE)
    text = [head(), *(line for record in records for line in rows(record)), verdict(records)]
    golden("benchmarks/engine.txt", "\n".join(text) + "\n")


def test_the_table_fits_a_page() -> None:
    lines = [head(), *rows(BAD)]
    assert max(len(line) for text in lines for line in text.splitlines()) <= 112


def test_what_is_met() -> None:
    assert [GOOD.met(what) for what in ("instructions", "ram", "code")] == [True, True, True]
    assert GOOD.missed() == []
    assert [BAD.met(what) for what in ("instructions", "ram", "code")] == [False, True, False]
    assert BAD.missed() == [
        "virtual-m4 vww: instructions 0.500, must be at most 0.430",
        "virtual-m4 vww: code 12,001, must be at most 12,000",
        "virtual-m4 vww: 2 of 3 outputs equal the reference",
    ]
    assert [ALONE.met(what) for what in ("instructions", "ram", "code")] == [None, None, None]


def test_sums_by_kind_of_layer() -> None:
    assert GOOD.by_operator() == {
        "CONV_2D": (700_000, 900_000),
        "DEPTHWISE_CONV_2D": (250_000, 100_000),
        "SOFTMAX": (5_000, 0),
    }


def test_the_record_for_machines() -> None:
    record = json.loads(json.dumps(GOOD.as_dict()))
    assert record["ratio"] == {
        "instructions": 0.4,
        "ram": 0.50016,
        "code": pytest.approx(0.2115, abs=1e-3),
    }
    assert record["met"] == {"instructions": True, "ram": True, "code": True}
    assert record["per_mac"] == 0.96
    assert len(record["layers"]) == 4


@pytest.mark.parametrize(("record", "code"), [(GOOD, 0), (BAD, 3)])
def test_the_exit_code_is_the_verdict(
    record: Record,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = SimpleNamespace(device="QEMU 7.2.22 mps2-an386", environment={"toolchain": "gcc 12"})
    monkeypatch.setattr(engine, "measure", lambda *a, **b: (record, run))
    monkeypatch.setattr(engine, "compared", lambda found: found)
    out = tmp_path / "new" / "engine.json"
    words = ["--boards", "virtual-m4", "--models", "vww", "--json", str(out)]
    assert engine.main(words) == code
    shown = capsys.readouterr().out
    assert f"{1 if code else 3} of 3 musts met" in shown
    written = json.loads(out.read_text(encoding="utf-8"))
    assert written["environment"]["virtual-m4"] == "QEMU 7.2.22 mps2-an386"
    assert written["records"][0]["code"] == record.code


def test_a_board_that_is_too_small_is_a_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def too_small(*arguments: object, **options: object) -> None:
        raise DoesNotFitError("vww on virtual-m0", "RAM needs 59 KiB of 16 KiB. It fits elsewhere")

    monkeypatch.setattr(engine, "measure", too_small)
    assert engine.main(["--boards", "virtual-m0", "--models", "vww"]) == 0
    assert "virtual-m0  vww     RAM needs 59 KiB of 16 KiB" in capsys.readouterr().out


def test_every_must_has_something_to_be_held_against() -> None:
    tables = [
        tomllib.loads((Path(engine.HERE) / f"{name}.toml").read_text(encoding="utf-8"))
        for name in ("musts", "baselines")
    ]
    musts, baselines = tables
    assert set(musts) == {"virtual-m4", "virtual-m7", "virtual-m55"}
    for board, models in musts.items():
        assert set(models) == set(engine.MODELS)
        for model, must in models.items():
            assert set(must) <= set(baselines[board][model])


@needs_qemu
def test_the_bare_program_holds_the_engine_and_nothing_else(
    small_bundle: Path, tmp_path: Path
) -> None:
    bundle = open_bundle(small_bundle)
    memory = bundle.manifest.memory
    assert memory is not None
    size = bare_size(small_bundle, bundle.manifest, bundle.target(None), tmp_path)
    assert 0 <= size.ram - memory.arena_bytes <= 64
    assert size.flash == size.code + size.weights
    assert 0 < size.code - size.engine < 1024
    data = bundle.manifest.sizes["weights"] + bundle.manifest.sizes["constants"]
    assert abs(size.weights - data) < 256
