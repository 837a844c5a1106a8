"""The table of engine.py: a row for each model and board, and one for each kind of layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.engine_record import Record

HEAD = """\
Instructions of one inference, counted in QEMU: simulated and exact, but not cycles.
Shares are of TensorFlow Lite Micro with CMSIS-NN on the same board (baselines.toml).
RAM: .data + .bss of a bare program with engine, arena and scratch, stack excluded.
Code: all its flash but weights, biases and factors, start-up and C library included.

"""
WIDTHS = (11, 7, 12, 8, 6, 6, 9, 6, 6, 8, 7, 6)
TITLES = (
    "board", "model", "instructions", "per MAC", "share", "must",
    "RAM", "share", "must", "code", "must", "equal",
)  # fmt: skip
LEFT = 2


def head() -> str:
    """What the columns are, and their titles."""
    return HEAD + _line(TITLES)


def rows(record: Record, *, brief: bool = False) -> Iterator[str]:
    """The record's row, then its kinds of layers unless `brief`; "!" marks a must not met."""
    yield _line(
        (
            record.board,
            record.model,
            f"{record.instructions:,}",
            _rate(record.instructions, record.macs),
            _share(record, "instructions"),
            _must(record, "instructions"),
            f"{record.ram:,}",
            _share(record, "ram"),
            _must(record, "ram"),
            f"{record.code:,}",
            _must(record, "code"),
            f"{record.outputs_equal}/{record.outputs_checked}" + "!" * (not record.exact),
        )
    )
    if brief:
        return
    for operator, (counted, macs) in record.by_operator().items():
        yield f"  {operator.lower():17} {counted:>12,} {_rate(counted, macs):>8}"
    if record.macs != record.model_macs:
        yield (
            f"  computes {record.macs:,} of the model's {record.model_macs:,} MACs: the others are"
            " of channels that no input changes"
        )
    if record.ram_budget:
        yield f"  in stripes, for --ram-budget {record.ram_budget}"
    if record.portable:
        part = record.instructions / record.portable
        yield f"  {part:.3f} of what portable C alone takes, {record.portable:,}"


def verdict(records: Sequence[Record]) -> str:
    """How many musts are met, and each that is not."""
    asked = [record.met(what) for record in records for what in record.must]
    missed = [line for record in records for line in record.missed()]
    count = f"{asked.count(True)} of {len(asked)} musts met"
    return "\n".join([count, *(f"  missed: {line}" for line in missed)])


def _line(cells: Sequence[str]) -> str:
    pairs = zip(cells, WIDTHS, range(len(WIDTHS)), strict=True)
    return " ".join(
        f"{cell:<{width}}" if i < LEFT else f"{cell:>{width}}" for cell, width, i in pairs
    ).rstrip()


def _rate(instructions: int, macs: int) -> str:
    return f"{instructions / macs:.2f}" if macs else "-"


def _share(record: Record, what: str) -> str:
    ratio = record.ratio(what)
    return "-" if ratio is None else f"{ratio:.3f}"


def _must(record: Record, what: str) -> str:
    if what not in record.must:
        return "-"
    limit = record.must[what]
    text = f"{limit:,.0f}" if limit > 10 else f"{limit:.2f}"
    return text + ("!" if record.met(what) is False else "")
