"""Figures, answers and layers: what they say, and that provenance is never mixed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgekit.artifacts.bundle import PlacedBuffer
from edgekit.artifacts.figures import Figure, Provenance
from edgekit.artifacts.report import Report
from edgekit.runtime.report.answers import answers, live_bytes
from edgekit.runtime.report.build import make_report
from edgekit.runtime.report.figures import LABELS, build_figures, label_of, section_total
from edgekit.runtime.report.layers import layers, noisiest
from edgekit.runtime.report.text import figure_text, spread_text, value_text
from tests.helpers import sample_report as sample

MEASURED, SIMULATED, ESTIMATED = Provenance


def test_every_figure_has_a_label_a_basis_and_a_place() -> None:
    names = list(LABELS)
    for report in (sample.board_report(), sample.host_report(), sample.bundle_report()):
        found = list(report.figures)
        assert found == sorted(found, key=names.index)
        assert all(figure.basis and figure.unit for figure in report.figures.values())


def test_provenance_is_never_mixed() -> None:
    expected = {
        "accuracy": MEASURED,
        "instructions": SIMULATED,
        "instructions_per_mac": SIMULATED,
        "estimated_latency": ESTIMATED,
        "stack": SIMULATED,
        "flash": MEASURED,
        "energy_gross": SIMULATED,
        "energy_net": SIMULATED,
        "average_power": SIMULATED,
        "estimated_energy": ESTIMATED,
    }
    figures = sample.board_report().figures
    assert {name: figures[name].provenance for name in expected} == expected
    assert "latency" not in figures


def test_time_from_instructions_is_their_product_and_names_its_model() -> None:
    figures = sample.board_report().figures
    latency = figures["estimated_latency"]
    assert latency.value == pytest.approx(figures["instructions"].value * 1.5 / 64e6)
    for word in ("(simulated)", "1.5 cycles per instruction", "64.0 MHz", "made up for tests"):
        assert word in latency.basis
    assert figures["estimated_energy"].value == pytest.approx(latency.value * 20e-3)


def test_no_time_without_cycles_per_instruction() -> None:
    board = sample.board()
    plain = board.model_copy(
        update={"cpu": board.cpu.model_copy(update={"cycles_per_instruction": None})}
    )
    figures = build_figures(sample.manifest(), plain, runs=[sample.board_run()])
    assert "instructions" in figures
    assert not {"estimated_latency", "estimated_energy"} & figures.keys()


def test_virtual_seconds_are_no_latency() -> None:
    run = replace(sample.board_run(), latency_s=(0.5, 0.5))
    assert "latency" not in build_figures(sample.manifest(), sample.board(), runs=[run])


def test_latency_and_throughput_of_a_host() -> None:
    figures = sample.host_report().figures
    latency, rate = figures["latency"], figures["throughput"]
    assert latency.provenance is rate.provenance is MEASURED
    assert latency.low is not None
    assert latency.high is not None
    assert latency.low < latency.value < latency.high
    assert latency.runs == 400
    assert rate.basis.startswith("batch 8, host x86_64")
    assert rate.value > 1 / latency.value


def test_the_first_run_that_has_a_figure_gives_it() -> None:
    slow = replace(sample.host_run(), latency_s=(1.0, 1.0, 1.0))
    runs = [sample.board_run(), sample.host_run(), slow]
    figures = build_figures(sample.manifest(), sample.this_machine(), runs=runs)
    assert figures["latency"].value < 1e-3
    assert figures["instructions"].provenance is SIMULATED


@pytest.mark.parametrize(
    ("sizes", "flash"),
    [
        ({"flash.text": 10, "flash.rodata": 5, "ram.bss": 3}, 15),
        ({"flash.text": 10, "flash.total": 12}, 12),
        ({"ram.bss": 3}, 0),
    ],
)
def test_section_totals(sizes: dict[str, int], flash: int) -> None:
    assert section_total(sizes, "flash") == flash


def test_sizes_come_from_the_image_or_are_estimates_without_code() -> None:
    built = sample.board_report().figures
    assert built["flash"].value == sum(v for k, v in sample.IMAGE.items() if k[:5] == "flash")
    before = sample.bundle_report().figures
    assert before["flash"].provenance is before["ram"].provenance is ESTIMATED
    assert before["flash"].value == 229_000
    assert "without its code" in before["flash"].basis
    assert before["ram"].value == 57_344 + 4096


def test_no_flash_is_invented_for_a_host() -> None:
    assert not {"flash", "ram"} & sample.host_report().figures.keys()


def _answers(report: Report) -> dict[str, tuple[str, str]]:
    return {row.question: (row.value, row.tone) for row in answers(report)}


def test_the_six_answers_of_a_board() -> None:
    assert _answers(sample.board_report()) == {
        "How accurate?": ("86.97 %", "neutral"),
        "How fast?": ("49.3 ms", "neutral"),
        "How big?": ("284.0 KiB", "neutral"),
        "How much energy?": ("595 µJ", "neutral"),
        "Does it fit?": ("Yes", "good"),
        "What limits it?": ("CONV_2D", "neutral"),
    }


def test_the_answers_before_anything_was_run() -> None:
    """Without a cost model's estimates nothing is said of speed; with them, that it is one."""
    manifest = sample.manifest(10, accuracy=False)
    bare = tuple(replace(step, estimate=0) for step in manifest.steps)
    found = _answers(make_report(replace(manifest, steps=bare), sample.board()))
    assert [found[q][0] for q in ("How accurate?", "How fast?", "How much energy?")] == [
        "Not checked",
        "Not run",
        "Not measured",
    ]
    assert found["Does it fit?"] == ("Yes", "good")
    report = sample.bundle_report()
    fast = next(row for row in answers(report) if row.question == "How fast?")
    assert (fast.value, fast.provenance) == ("44.7 ms", Provenance.ESTIMATED)
    assert "nothing ran yet: edgekit bench counts" in fast.details
    assert "1,909,000 instructions (estimated)" in fast.details
    modelled = report.figures["estimated_instructions"]
    assert modelled.value == sum(step.estimate for step in manifest.steps)
    assert modelled.basis.startswith("cost model, ref kernels from counts of whole layers")


def test_a_target_without_cycles_per_instruction_gets_no_estimate() -> None:
    figures = make_report(sample.manifest(), sample.this_machine()).figures
    assert "estimated_instructions" not in figures
    assert "estimated_latency" not in figures


def test_what_does_not_fit_says_by_how_much() -> None:
    report = sample.board_report()
    small = replace(report, target=replace(report.target, ram_bytes=64 << 10))
    answer = next(row for row in answers(small) if row.question == "Does it fit?")
    assert (answer.value, answer.tone) == ("No: 1024 B over", "bad")
    assert max(use.share for use in answer.uses) > 1


def test_agreement_is_worded_as_such() -> None:
    manifest = sample.manifest()
    assert manifest.accuracy is not None
    manifest = replace(manifest, accuracy=replace(manifest.accuracy, metric="agreement"))
    details = answers(make_report(manifest, sample.board()))[0].details
    assert details[0].startswith("same class as the float model on 10,000 samples")


@pytest.mark.parametrize(("metric", "label"), [
    ("agreement", "Same class as the float model"), ("sqnr", "Output's power kept"),
])  # fmt: skip
def test_what_is_held_against_the_float_model_is_not_called_accuracy(
    metric: str, label: str
) -> None:
    manifest = sample.manifest()
    assert manifest.accuracy is not None
    manifest = replace(manifest, accuracy=replace(manifest.accuracy, metric=metric))
    figures = build_figures(manifest, sample.board())
    assert "accuracy_before" not in figures
    assert label_of("accuracy", figures["accuracy"]) == label
    assert label_of("accuracy", sample.board_report().figures["accuracy"]) == LABELS["accuracy"]


def test_more_about_accuracy_is_told_where_it_is_known() -> None:
    manifest = sample.manifest()
    assert manifest.accuracy is not None
    more = replace(manifest.accuracy, agreement=0.991, auc=(0.95, 0.94), expected_drop=0.0012)
    details = answers(make_report(replace(manifest, accuracy=more), sample.board()))[0].details
    assert details == (
        "float model 87.19 %, -0.22 points",
        "top-1 on 10,000 samples of test.npz",
        "same class as the float model on 99.10 %",
        "area under the ROC curve 0.9500 to 0.9400",
        "expected loss 0.12 points",
        "output signal to noise 31.4 dB",
    )


def test_noise_is_found_by_the_layers_name_in_the_model() -> None:
    manifest = sample.manifest()
    steps = (replace(manifest.steps[0], layer="block/conv;bn"), *manifest.steps[1:])
    noises = {**manifest.layers_sqnr_db, "block/conv;bn": 12.5}
    report = make_report(replace(manifest, steps=steps, layers_sqnr_db=noises), sample.board())
    assert layers(report).rows[0].sqnr_db == 12.5


def test_layers_join_steps_costs_and_noise() -> None:
    found = layers(sample.board_report())
    assert found.unit == "instructions"
    assert found.provenance is SIMULATED
    assert len(found.rows) == 10
    assert sum(row.share or 0 for row in found.rows) == pytest.approx(1)
    last = found.rows[-1]
    assert (last.exact, last.sqnr_db, last.per_mac) == (True, None, None)
    assert [row.sqnr_db for row in noisiest(found.rows)] == [15.0, 17.0, 20.0]


def test_layers_without_a_run_are_weighed_by_macs() -> None:
    found = layers(sample.bundle_report())
    assert found.weight[0] == "MACs"
    assert found.provenance is None
    assert found.by_operator()[0][0] == "CONV_2D"


def test_layers_known_by_their_noise_only() -> None:
    manifest = replace(sample.manifest(), steps=(), memory=None)
    found = layers(make_report(manifest, sample.this_machine()))
    assert [row.name for row in found.rows] == list(manifest.layers_sqnr_db)
    assert found.by_operator() == ()


def test_live_bytes_count_every_step() -> None:
    memory = sample.memory(4)
    live = live_bytes(memory.buffers)
    assert sorted(live) == [0, 1, 2, 3]
    assert max(live.values()) == memory.lower_bound


def test_live_bytes_count_shared_bytes_once() -> None:
    x, y = PlacedBuffer("x", 64, 128, 0, 1), PlacedBuffer("y", 0, 160, 1, 2)
    far = PlacedBuffer("z", 256, 16, 1, 1, "scratch")
    assert live_bytes((x, y, far)) == {0: 128, 1: 192 + 16, 2: 160}


def test_live_bytes_of_two_memories_share_no_address() -> None:
    fast, slow = PlacedBuffer("x", 0, 64, 0, 1), PlacedBuffer("y", 0, 32, 1, 1, block=1)
    assert live_bytes((fast, slow)) == {0: 64, 1: 96}


def test_warnings_are_collected_once() -> None:
    run = sample.host_run()
    note = sample.manifest().warnings[0]
    report = make_report(
        sample.manifest(), sample.board(), runs=(run, run), energy=sample.energy(), warnings=[note]
    )
    assert [row.code for row in report.warnings] == ["few-samples", "lost-samples"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0123, "s", "12.3 ms"),
        (0.8697, "fraction", "86.97 %"),
        (27648, "B", "27.0 KiB"),
        (2.5e6, "instructions", "2,500,000"),
        (12.34, "1/s", "12.3 /s"),
        (1234.5, "1/s", "1,234 /s"),
        (3.0567, "instructions/MAC", "3.057"),
        (31.44, "dB", "31.4 dB"),
        (5.9e-4, "J", "590 µJ"),
    ],
)
def test_values_as_text(value: float, unit: str, text: str) -> None:
    assert value_text(value, unit) == text


def test_spreads_as_text() -> None:
    figures = sample.board_report().figures
    assert spread_text(figures["instructions"]) == "± 2 (counter resolution)"
    assert spread_text(figures["energy_gross"]) == "594 µJ .. 596 µJ (95 % CI)"
    assert spread_text(figures["flash"]) == ""
    clock = Figure(-1.7, "ppm", Provenance.SIMULATED, "", 5, -11.7, 8.3, "95 % CI")
    assert (figure_text(clock), spread_text(clock)) == ("-1.7 ppm", "± 10 ppm (95 % CI)")
    narrow = replace(figures["energy_gross"], low=5.9499e-4, high=5.9501e-4)
    assert spread_text(narrow) == "± 0.002 % (95 % CI)"
    assert figure_text(figures["flash"]) == "284.0 KiB"
