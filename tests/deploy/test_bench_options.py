"""Options of `bench` that would be without effect: the row of the table that says so, and why."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from edgekit.deploy.bench_options import FIELDS, IDLE, BenchOptions, check_options
from edgekit.deploy.programs import Place
from edgekit.errors import UsageError
from edgekit.runtime.measure.duty import Duty
from edgekit.targets.reader import load_target

PI, PHONE, HERE = Place(host="pi@kitchen"), Place(serial="R58M"), Place()
EMULATED = Place(emulate=True)
TOOL = Path("benchmark_model")

# Target, options, the option that is named, words of the reason.
CASES = [
    ("virtual-m4", BenchOptions(engine="native"), "--engine", "only a Pi with --host"),
    ("rpi4", BenchOptions(place=EMULATED, engine="both"), "--engine", "only a Pi with --host"),
    ("virtual-m4", BenchOptions(threads=(2,)), "--threads", "virtual-m4 runs one inference"),
    ("virtual-m4", BenchOptions(batches=(2,)), "--batch", "without an interpreter"),
    ("rpi4", BenchOptions(place=PI, threads=(2,)), "--threads", "in one thread"),
    ("android-arm64", BenchOptions(place=PHONE, batches=(2,)), "--batch", "in one thread"),
    ("virtual-m4", BenchOptions(cold=0), "--cold", "it times processes"),
    ("virtual-m4", BenchOptions(sustained=1.0), "--sustained", "it watches programs"),
    ("rpi4", BenchOptions(place=EMULATED, sustained=1.0), "--sustained", "it watches programs"),
    ("rpi4", BenchOptions(place=EMULATED, power="virtual"), "--power", "an emulator has no power"),
    (
        "rpi4",
        BenchOptions(place=PI, engine="litert", power="virtual"),
        "--power",
        "which --engine both runs too",
    ),
    (
        "rpi4",
        BenchOptions(place=PI, engine="litert", cores="big"),
        "--cores",
        "which --engine both runs too",
    ),
    (
        "rpi4",
        BenchOptions(place=PI, engine="litert", benchmark_model=TOOL),
        "--benchmark-model",
        "which --engine both runs too",
    ),
    ("host", BenchOptions(cores="big"), "--cores", "a Pi or a phone, named by --host"),
    ("host", BenchOptions(benchmark_model=TOOL), "--benchmark-model", "it runs on a Pi or a phone"),
    ("host", BenchOptions(windows=3), "--windows", "windows of a power measurement"),
    ("host", BenchOptions(duty=Duty(battery_wh=1.0)), "--battery", "the energy that --power"),
    ("host", BenchOptions(duty=Duty(every_s=1.0)), "--every", "the energy that --power"),
    ("host", BenchOptions(duty=Duty(sleep_w=0.0)), "--sleep", "the energy that --power"),
    ("host", BenchOptions(duty=Duty(price_per_kwh=0.3)), "--price", "the energy that --power"),
]


@pytest.mark.parametrize(("target", "options", "option", "why"), CASES)
def test_it_is_said_before_anything_runs(
    target: str, options: BenchOptions, option: str, why: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check_options(load_target(target), options)
    error = caught.value
    assert (error.subject, error.code, error.hint) == (option, "option-unused", "leave it out")
    assert error.found.startswith("without effect here: ")
    assert why in error.found


def test_every_row_has_its_case() -> None:
    rows = {(option, row.why) for row in IDLE for option in row.options}
    covered = {(option, row) for option, row in rows for case in CASES if _is(case, option, row)}
    assert covered == rows


def _is(case: tuple[str, BenchOptions, str, str], option: str, why: str) -> bool:
    target, _, named, words = case
    return option == named and words in why.format(target=target)


def test_every_field_that_a_row_asks_for_is_one() -> None:
    known = {row.name for row in fields(BenchOptions)}
    known |= {f"duty.{row.name}" for row in fields(Duty)}
    assert set(FIELDS.values()) <= known
    assert {option for row in IDLE for option in row.options} == set(FIELDS)


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("host", BenchOptions(engine="native", threads=(2,), cold=0, sustained=1.0)),
        ("virtual-m4", BenchOptions(power="virtual", windows=3, duty=Duty(battery_wh=1.0))),
        ("rpi4", BenchOptions(place=PI, engine="both", threads=(2,), cores="0-3", cold=2)),
        ("android-arm64", BenchOptions(place=PHONE, power="android:", cores="big", sustained=1.0)),
    ],
)
def test_what_has_an_effect_is_let_pass(target: str, options: BenchOptions) -> None:
    check_options(load_target(target), options)


def test_an_engine_there_is_none_of() -> None:
    with pytest.raises(UsageError) as caught:
        check_options(load_target("host"), BenchOptions(engine="onnx"))
    assert (caught.value.code, caught.value.allowed) == ("bad-option", "litert, native, both")
