"""`--explain`: which kernel each step calls, what it costs, and why not another."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import edgekit
from edgekit.artifacts.report import REPORT_NAME, Report
from edgekit.cli import explanation, output
from edgekit.deploy.explain import Explanation, explain_manifest, explain_report, ranges
from edgekit.errors import DataError, ModelError
from tests.helpers.command_line import fails, succeeds
from tests.helpers.sample_report import board_report, board_run, manifest
from tests.helpers.small_bundles import convert_small


def text(found: Explanation, width: int = 80) -> str:
    """What a terminal of this width shows."""
    stream = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(stream):
        patch.setattr(stream, "isatty", lambda: True)
        patch.setenv("COLUMNS", str(width))
        patch.setenv("TERM", "dumb")
        explanation.show(output.Output(), found)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def sample(folder: Path, report: Report | None = None) -> tuple[Path, Path]:
    """A bundle of six steps, and a report beside it."""
    bundle, record = folder / "bundle", folder / "report"
    bundle.mkdir()
    record.mkdir()
    (bundle / "edgekit.json").write_text(manifest(6).to_json(), encoding="utf-8")
    made = report or board_report(6)
    (record / REPORT_NAME).write_text(made.to_json(), encoding="utf-8")
    return bundle, record


def test_the_text_with_counts(golden: Callable[[str, str], None]) -> None:
    golden("cli/explain-counted.txt", text(explain_report(board_report(6), subject="report")))


def test_the_text_before_anything_ran(golden: Callable[[str, str], None]) -> None:
    golden("cli/explain.txt", text(explain_manifest(manifest(6))))


def test_the_text_fits_80_columns() -> None:
    """The longest names there are: those of kernels, and the counts of a large model."""
    name = "ek_depthwise_conv2d_3x3_stride2_s8__mve"
    steps = tuple(
        replace(step, kernel=name, estimate=987_654_321, macs=400_000_000)
        for step in manifest(6).steps
    )
    found = explain_manifest(replace(manifest(6), steps=steps), [board_run(6)])
    lines = text(found).splitlines()
    assert max(map(len, lines)) <= 80
    assert any(name.removeprefix("ek_") in line for line in lines)


def test_rates_and_counts_agree_with_the_report() -> None:
    report = board_report(6)
    found = explain_report(report, subject="report")
    for step, counted in zip(found.steps, report.runs[0].steps, strict=True):
        assert step.counted == round(counted.count)
        if step.macs:
            assert step.counted_per_mac == pytest.approx(step.counted / step.macs)
            assert step.estimate_per_mac == pytest.approx(step.estimate / step.macs)
        else:
            assert (step.counted_per_mac, step.estimate_per_mac) == (None, None)
    assert found.counted_on == "QEMU 7.2.22 mps2-an386, edgekit-c ref (simulated)"


def test_a_bundle_and_a_report_are_joined(tmp_path: Path) -> None:
    bundle, record = sample(tmp_path)
    found = edgekit.explain(bundle, report=record)
    assert found == explain_report(board_report(6), subject="report")
    assert edgekit.explain(bundle).counted_on == ""
    shown = succeeds("inspect", bundle, "--report", record, "--json").record
    assert shown == json.loads(json.dumps(found.record()))


def test_a_report_of_other_kernels_is_refused(tmp_path: Path) -> None:
    bundle, record = sample(tmp_path, board_report(7))
    error = fails("inspect", bundle, "--report", record, exit_code=1, code="other-program")
    assert "a report of other kernels (sample for sample-m4)" in error["found"]
    assert "a report of sample as converted for sample-m4" in error["allowed"]
    assert "edgekit bench" in error["hint"]


def test_what_has_no_c_has_no_kernels(tmp_path: Path) -> None:
    bare = replace(manifest(6), steps=(), memory=None)
    (tmp_path / "edgekit.json").write_text(bare.to_json(), encoding="utf-8")
    with pytest.raises(ModelError, match="no generated C") as caught:
        edgekit.explain(tmp_path)
    assert (caught.value.code, caught.value.exit_code) == ("no-c-bundle", 1)
    report = board_report(6)
    with pytest.raises(DataError, match="no generated C") as other:
        explain_report(replace(report, bundle=replace(report.bundle, steps=())), subject="r")
    assert other.value.code == "no-c-report"


def test_a_model_is_no_bundle(desk: Path) -> None:
    fails("inspect", "model.tflite", "--explain", exit_code=1, code="not-a-bundle")


def test_runs_without_counts_add_nothing() -> None:
    timed = replace(board_run(6), counter_unit="s")
    assert all(step.counted is None for step in explain_manifest(manifest(6), [timed]).steps)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [([], ""), ([3], "3"), ([0, 1], "0-1"), ([0, 2, 3, 4, 9], "0, 2-4, 9")],
)
def test_ranges(numbers: list[int], words: str) -> None:
    assert ranges(numbers) == words


def test_convert_explains(desk: Path) -> None:
    words = ("convert", "model.tflite", "-t", "virtual-m4", "--calibration", "data.npz", "-o", "o")
    shown = succeeds(*words, "--explain").out
    assert re.search(r"^ *0 +\w+ +[\d,]+ *$", shown, re.MULTILINE)
    assert re.search(r"conv2d_\w*s8__dsp +[\d.]+/MAC *$", shown, re.MULTILINE)
    assert "conv2d_s8__ref: is slower by estimate, " in shown
    assert "estimated by the cost model, dsp kernels: from counts of whole layers on a" in shown
    assert "counted: nothing yet" in shown
    record = succeeds(*words, "--explain", "--json").record
    steps = record["explanation"]["steps"]
    assert [step["kernel"] for step in steps] == [s["kernel"] for s in record["manifest"]["steps"]]
    assert all(step["estimate"] > 0 for step in steps)
    slower = [other for step in steps for other in step["refused"] if other["estimate"]]
    assert slower
    assert "explanation" not in succeeds(*words, "--json").record


def test_every_kernel_folder_of_a_bundle_names_its_basis(tmp_path: Path) -> None:
    for target in ("virtual-m0", "virtual-m55", "rpi4"):
        found = edgekit.explain(convert_small(tmp_path, target=target, name=target))
        folders = {step.kernel.rpartition("__")[2] for step in found.steps}
        assert set(found.basis) == folders
        assert all("Cortex" in text or "Arm" in text for text in found.basis.values())


def test_inspect_takes_a_bundle(small_bundle: Path) -> None:
    record = succeeds("inspect", small_bundle, "--json").record
    assert record == succeeds("inspect", small_bundle / "model.tflite", "--json").record


@pytest.mark.qemu
def test_after_bench_the_counts_stand_beside_the_estimates(desk: Path, small_bundle: Path) -> None:
    succeeds("bench", small_bundle, "--samples", "1", "-o", "report", "-q")
    record = succeeds("report", "report", "--explain", "--json").record
    assert record["counted_on"].startswith("QEMU ")
    assert all(step["counted"] > 0 for step in record["steps"])
    assert succeeds("inspect", small_bundle, "--report", "report", "--json").record == record
    shown = succeeds("report", "report", "--explain").out
    assert re.search(r"^ *0 +\w+ +[\d,]+ +[\d,]+ +\d\.\d\d *$", shown, re.MULTILINE)
    assert "exact instructions, not cycles" in shown
    succeeds("report", "report", "--html", "page.html", "-q")
    assert "by the cost model" in Path("page.html").read_text(encoding="utf-8")
