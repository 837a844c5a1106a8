"""Sustained runs: first window against last, and every window."""

from __future__ import annotations

from edgekit.artifacts.report import Report
from edgekit.artifacts.run import RunResult, SustainedWindow
from edgekit.runtime.measure.sustained import trend
from edgekit.runtime.report.tables import Cell, Column, Table
from edgekit.runtime.report.text import value_text
from edgekit.runtime.runner.throttling import meaning, parse
from edgekit.units import count_text, percent, si


def sustained_table(report: Report) -> Table:
    """One row per run: rates of the first and the last window, and what the change is worth."""
    columns = (
        Column("Engine", wide=True), Column("Threads", True), Column("Time", True),
        Column("Computing", True), Column("First", True), Column("Last", True),
        Column("Change", True), Column("Scatter", True), Column("Beyond scatter"),
    )  # fmt: skip
    caption = (
        "Inferences per second of computing in the first and the last window. Scatter: standard "
        "deviation of such a change between windows that are alike."
    )
    rows = tuple(_summary(run) for run in report.runs if len(run.sustained) > 1)
    return Table("sustained", "Sustained run", columns, rows, caption if rows else "")


def _summary(run: RunResult) -> tuple[Cell, ...]:
    windows = run.sustained
    first, last, found = windows[0], windows[-1], trend(windows)
    passed = last.start_s + last.seconds
    busy = sum(window.busy_s for window in windows) / passed
    texts = (
        run.engine, str(run.threads), si(passed, "s"), percent(busy, 1),
        value_text(first.rate, "1/s"), value_text(last.rate, "1/s"), f"{found.change:+.1%}",
        f"{found.scatter:.1%}", "yes" if found.beyond else "no",
    )  # fmt: skip
    return tuple(map(Cell, texts))


def sustained_windows_table(report: Report) -> Table:
    """Every window of every sustained run, with what the machine told at its end."""
    columns = (
        Column("Engine", wide=True), Column("Threads", True), Column("From", True),
        Column("Inferences", True), Column("Rate", True), Column("p50", True), Column("p95", True),
        Column("p99", True), Column("Temperature", True), Column("Clock", True),
        Column("Held down by"),
    )  # fmt: skip
    rows = tuple(_window(run, window) for run in report.runs for window in run.sustained)
    return Table("sustained-windows", "Windows of the sustained run", columns, rows)


def _window(run: RunResult, window: SustainedWindow) -> tuple[Cell, ...]:
    state = window.state
    texts = (
        run.engine, str(run.threads), f"{window.start_s:.2f} s", count_text(window.inferences),
        value_text(window.rate, "1/s"), si(window.p50_s, "s"), si(window.p95_s, "s"),
        si(window.p99_s, "s"), _number(state, "temperature_mc", 1e-3, "°C"),
        _number(state, "frequency_khz", 1e-3, "MHz"),
        _held_down(state),
    )  # fmt: skip
    return tuple(map(Cell, texts))


def _held_down(state: dict[str, str]) -> str:
    """What a Pi's firmware says, or a phone's thermal status other than none."""
    status = state.get("thermal", "none")
    said = meaning(parse(state.get("throttled", "")) or 0)
    return ", ".join((*said, *([f"thermal status {status}"] if status != "none" else ())))


def _number(state: dict[str, str], key: str, factor: float, unit: str) -> str:
    text = state.get(key, "")
    return f"{int(text) * factor:.1f} {unit}" if text.isdecimal() else ""
