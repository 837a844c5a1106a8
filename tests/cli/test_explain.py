"""`edgekit explain`: codes, layers, and what is neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.artifacts.bundle import read_manifest
from edgekit.runtime.report.text import EXPLAINED
from tests.helpers.command_line import edgekit, fails, succeeds


def test_a_code() -> None:
    done = succeeds("explain", "port-busy")
    assert done.out.startswith("port-busy: ")
    assert "  do:   " in done.out
    record = succeeds("explain", "port-busy", "--json").record
    assert record["code"] == "port-busy"
    assert record["why"] in " ".join(done.out.split())


def test_all_codes() -> None:
    shown = succeeds("explain").out
    assert shown.index("\nConverting") < shown.index("does-not-fit") < shown.index("\nTraining")
    assert "meter-silent" in succeeds("explain", "--json").record


def test_an_example_and_the_documentation_are_shown() -> None:
    shown = succeeds("explain", "explain-layer").out
    assert "  e.g.: conv1: no layer of build/vww" in shown
    assert "  docs: docs/convert.md" in shown
    assert succeeds("explain", "explain-layer", "--json").record["docs"] == ["docs/convert.md"]


def test_a_search() -> None:
    found = succeeds("explain", "--search", "arena", "--json").record
    assert "ram-budget" in found
    assert "few-samples" not in found
    assert "ram-budget" in succeeds("explain", "--search", "Arena").out


def test_a_search_without_a_result() -> None:
    words = ("explain", "--search", "arena zebra")
    error = fails(*words, exit_code=2, code="explain-search")
    assert error["found"] == "no page holds all of these words"
    error = fails("explain", "port", "--search", "arena", exit_code=2, code="explain-search")
    assert error["found"] == "port is named as well"
    assert error["allowed"] == "a code, or --search"


def test_a_code_as_an_error_shows_it() -> None:
    done = edgekit("inspect", "nothing.tflite")
    first, *_, last = done.err.splitlines()
    shown = first.rpartition(" ")[2]
    assert shown == "[model-missing]"
    assert succeeds("explain", shown).out
    assert last == "  more:    edgekit explain model-missing"
    assert "[" not in edgekit("convert", "--nonsense").err.splitlines()[0]
    assert "more:" not in edgekit("convert", "--nonsense").err


def test_a_code_as_a_warning_shows_it(desk: Path) -> None:
    first, *_, last = edgekit("inspect", "model.tflite", "-t", "virtual-m4").err.splitlines()
    assert succeeds("explain", first.rpartition(" ")[2]).out
    assert last == f"  {EXPLAINED}"


def test_a_layer(small_bundle: Path) -> None:
    step = read_manifest(small_bundle).steps[0]
    done = succeeds("explain", step.layer or step.name, "--bundle", small_bundle)
    assert step.operator in done.out
    assert step.kernel.removeprefix("ek_") in done.out
    (row,) = succeeds("explain", step.index, "--bundle", small_bundle, "--json").record["steps"]
    assert row["operator"] == step.operator
    assert row["output in arena"].startswith("bytes ")


@pytest.mark.parametrize("words", [("nowhere",), ("portbusy",)])
def test_what_is_no_code(words: tuple[str, ...]) -> None:
    fails("explain", *words, exit_code=2, code="explain-unknown")


def test_what_is_no_layer(small_bundle: Path) -> None:
    error = fails("explain", "nowhere", "--bundle", small_bundle, exit_code=2, code="explain-layer")
    assert read_manifest(small_bundle).steps[0].layer in error["allowed"]
    fails("explain", "--bundle", small_bundle, exit_code=2, code="explain-layer")
    fails("explain", "x", "--report", "r", exit_code=2, code="explain-layer")
