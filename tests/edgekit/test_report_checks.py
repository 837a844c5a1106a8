"""Records of older revisions, from elsewhere, and with what no record can hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from edgekit.artifacts.figures import Figure, Provenance
from edgekit.artifacts.report import Report, from_json, json_schema
from edgekit.artifacts.report_checks import CHECKS, first_fault
from edgekit.artifacts.report_migrations import MIGRATIONS, REPORT_REVISION, migrated
from edgekit.errors import DataError
from edgekit.runtime.report.write import checked_json
from tests.helpers.sample_report import board_report, bundle_report

OLDER = Path(__file__).parents[1] / "runtime" / "report" / "older"

Raw = dict[str, Any]


@pytest.mark.parametrize("revision", sorted(MIGRATIONS))
def test_a_stored_record_of_every_older_revision_is_read(revision: int) -> None:
    text = (OLDER / f"revision-{revision}.json").read_text(encoding="utf-8")
    assert json.loads(text).get("revision", 0) == revision
    report = from_json(text)
    assert report.revision == REPORT_REVISION
    assert report.bundle.kernel_sets == {"ref": "edgekit 0.1.0"}
    assert report.figures["instructions"].value > 0
    assert from_json(report.to_json()) == report


def test_there_is_a_migration_from_every_revision() -> None:
    assert sorted(MIGRATIONS) == list(range(REPORT_REVISION))
    assert all(row.sentence for row in MIGRATIONS.values())


@pytest.mark.parametrize("bundle", [None, 3, {}, {"steps": 3}, {"steps": [3, {"kernel": 4}]}])
def test_a_migration_leaves_what_is_damaged_to_validation(bundle: object) -> None:
    migrated({"bundle": bundle, "revision": "x"})
    raw = {**json.loads(bundle_report().to_json()), "bundle": bundle, "revision": 0}
    with pytest.raises(DataError) as caught:
        from_json(json.dumps(raw))
    assert caught.value.code == "report-damaged"


def test_a_newer_revision_of_the_schema_is_read() -> None:
    raw = json.loads(bundle_report().to_json())
    raw |= {"revision": REPORT_REVISION + 7, "of_tomorrow": {"a": 1}}
    assert from_json(json.dumps(raw)).bundle == bundle_report().bundle


def test_the_fields_of_the_frozen_schema_stay(golden: Callable[[str, str], None]) -> None:
    """Fields are added, with a new revision and a default; none goes and none changes its type."""
    schema = json.loads(json_schema())
    rows = [
        f"{owner}.{name}: {json.dumps(_type(part), sort_keys=True)}"
        for owner, body in sorted({**schema["$defs"], "Report": schema}.items())
        for name, part in sorted(body.get("properties", {}).items())
    ]
    golden(f"report/schema-1-revision-{REPORT_REVISION}.txt", "\n".join(rows) + "\n")


def _type(part: Raw) -> Raw:
    return {key: value for key, value in part.items() if key not in ("title", "default")}


def _set(raw: Raw, path: str, value: object) -> None:
    *above, last = path.split(".")
    place: Any = raw
    for key in above:
        place = place[int(key) if isinstance(place, list) else key]
    place[int(last) if isinstance(place, list) else last] = value


SUSTAINED = {
    "start_s": 0,
    "seconds": 1,
    "inferences": 0,
    "busy_s": 1,
    "p50_s": 1,
    "p95_s": 1,
    "p99_s": 1,
}

FAULTS = [
    ("bundle.macs", -1, "bundle.macs: counts, sizes and costs are not negative"),
    ("runs.0.steps.0.count", -1.0, "runs.0.steps.0.count: counts"),
    ("figures.flash.value", -1.0, "figures.flash: counts"),
    ("figures.instructions.value", -1.0, "figures.instructions: counts"),
    ("runs.0.windows.0.seconds", -1.0, "runs.0.windows.0: times are not negative"),
    ("runs.0.cold", [{"process_s": 1, "load_s": -1, "first_s": 1}], "runs.0.cold.0: times are not"),
    ("runs.0.sustained", [SUSTAINED], "runs.0.sustained.0: times are not"),
    ("energy.windows.0.end_s", -1.0, "energy.windows.0: windows end after they begin"),
    ("trace.step_s", 0.0, "trace: windows end"),
    ("trace.low_w", [], "trace: windows end"),
    ("bundle.memory.buffers.0.last", -2, "bundle.memory.buffers.0: buffers lie in the arena"),
    ("bundle.memory.buffers.0.last", 10**9, "bundle.memory.buffers.0: buffers"),
    ("bundle.accuracy.after", 87.0, "bundle.accuracy: accuracy is a fraction"),
    ("bundle.accuracy.confusion", [[1, 2]], "bundle.accuracy.confusion: accuracy"),
    ("figures.energy_gross.low", 1.0, "figures.energy_gross: values are finite"),
    ("bundle.name", "a\ud800b", "bundle.name: no Unicode text"),
    ("target.clock_hz", 10**19, "target.clock_hz: 10000000000000000000 is beyond any quantity"),
    ("schema", True, "not an EdgeKit report"),
]


@pytest.mark.parametrize(("path", "value", "words"), FAULTS)
def test_what_no_record_can_hold_is_named(path: str, value: object, words: str) -> None:
    raw = json.loads(board_report(4).to_json())
    _set(raw, path, value)
    with pytest.raises(DataError) as caught:
        from_json(json.dumps(raw))
    assert caught.value.code == "report-damaged"
    assert words in caught.value.found


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_json_does_not_have(word: str) -> None:
    text = board_report(4).to_json().replace('"clock_hz": 64000000', f'"clock_hz": {word}')
    with pytest.raises(DataError, match=r"no number of JSON|beyond any quantity") as caught:
        from_json(text)
    assert caught.value.code == "report-damaged"


def test_energy_net_of_idle_may_be_below_zero() -> None:
    raw = json.loads(board_report(4).to_json())
    _set(raw, "figures.energy_net.value", -1e-9)
    _set(raw, "figures.energy_net.low", -2e-9)
    assert from_json(json.dumps(raw)).figures["energy_net"].value < 0


def test_every_check_has_a_fault_among_these() -> None:
    sentences = {words.partition(": ")[2] for _, _, words in FAULTS}
    assert all(any(check.sentence.startswith(s) for s in sentences if s) for check in CHECKS)
    assert first_fault(board_report()) == ""


def test_a_record_that_would_not_read_back_is_not_written() -> None:
    figure = Figure(float("nan"), "s", Provenance.MEASURED, "x")
    with pytest.raises(
        DataError, match=r"would not be readable: figures\.latency\.value"
    ) as caught:
        checked_json(replace(bundle_report(), figures={"latency": figure}))
    assert caught.value.code == "report-invalid"


def test_every_field_is_in_the_record_that_a_benchmark_writes() -> None:
    report = board_report()
    assert report.target.profile_sha256
    assert report.bundle.manifest_sha256
    assert report.bundle.kernel_sets == {"ref": "edgekit 0.1.0"}
    assert json.loads(report.to_json()).keys() == {part.name for part in fields(Report)}
