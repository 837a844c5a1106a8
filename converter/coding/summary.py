"""What coding the weights of a program saved and cost, as the manifest has it."""

from __future__ import annotations

from edgekit.artifacts.coding import CodingSummary, StoredArray
from edgekit.artifacts.figures import Note
from edgekit.converter.coding.choose import apart, smallest
from edgekit.converter.coding.entropy import baselines, byte_counts, entropy, plane_entropies
from edgekit.converter.lower.program import Program, Stored
from edgekit.units import count_text


def coding_summary(
    mode: str, program: Program, arena: int, plain: Program, plain_arena: int
) -> CodingSummary:
    """A planned program with coded weights beside the same one without; arenas in bytes."""
    data = b"".join(map(_coded, program.stored))
    decoders = [step for step in program.steps if step.kernel.startswith("ek_decode_")]
    return CodingSummary(
        mode=mode,
        raw_bytes=len(data),
        weight_bytes=sum(stored.flash for stored in program.stored),
        flash=(plain.constant_bytes, program.constant_bytes),
        arena=(plain_arena, arena),
        decode_instructions=sum(step.cost for step in (*decoders, *program.decoders)),
        inference_instructions=program.cost - sum(step.cost for step in decoders),
        baselines=dict(baselines(data)) if data else {},
        planes=_planes(program.stored),
        arrays=tuple(map(_array, program.stored)),
    )


def _coded(stored: Stored) -> bytes:
    """The bytes that are coded: as kernels read them, or with lanes apart."""
    if stored.form == "half":
        return stored.data
    choice = smallest(stored.data)
    return apart(stored.data) if choice is not None and choice.lanes else stored.data


def _planes(stored: tuple[Stored, ...]) -> tuple[float, ...]:
    """What each bit of a weight carries in its own array, as each has its own table: the mean."""
    stored = tuple(one for one in stored if one.form != "half")
    sizes = [len(one.data) for one in stored]
    if not sum(sizes):
        return ()
    rows = zip(*(plane_entropies(_coded(one)) for one in stored), strict=True)
    total = sum(sizes)
    return tuple(
        round(sum(n * p for n, p in zip(sizes, row, strict=True)) / total, 4) for row in rows
    )


def _array(stored: Stored) -> StoredArray:
    counts = byte_counts(_coded(stored))
    return StoredArray(
        stored.array,
        stored.step,
        stored.form,
        len(stored.data),
        stored.flash,
        int((counts > 0).sum()),
        round(entropy(counts), 3),
    )


def coding_notes(found: CodingSummary, model: str) -> tuple[Note, ...]:
    """What a user should know: nothing gained, or why no more."""
    if all(array.form == "raw" for array in found.arrays):
        text = f"no form takes less than the {count_text(found.raw_bytes)} B of the weights"
        return (Note("nothing-coded", model, text, "--cluster 16 makes weights compressible"),)
    return ()
