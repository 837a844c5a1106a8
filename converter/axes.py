"""Fewer axes that mean the same: neighbours that are treated alike become one."""

from __future__ import annotations

from collections.abc import Sequence

Shape = tuple[int, ...]


def merged(extents: Shape, *kinds: Sequence[bool]) -> tuple[Shape, tuple[tuple[bool, ...], ...]]:
    """Extents with neighbouring axes joined wherever every row of `kinds` is equal for them, and
    the rows of what is left. An extent of 1 joins any neighbour.

    >>> merged((2, 3, 4, 5, 6), (False, False, True, True, False))
    ((6, 20, 6), ((False, True, False),))
    """
    found: list[int] = []
    rows: list[tuple[bool, ...]] = []
    for axis, extent in enumerate(extents):
        row = tuple(bool(kind[axis]) for kind in kinds)
        if extent == 1 and found:
            continue
        if found and (found[-1] == 1 or rows[-1] == row):
            found[-1] *= extent
            rows[-1] = row
        else:
            found.append(extent)
            rows.append(row)
    return tuple(found), tuple(tuple(row[at] for row in rows) for at in range(len(kinds)))


def repeated(shape: Shape, output: Shape) -> tuple[bool, ...]:
    """Along which axes of the output an operand repeats.

    >>> repeated((4, 1), (2, 4, 3))
    (True, False, True)
    """
    padded = (1,) * (len(output) - len(shape)) + shape
    return tuple(n == 1 and whole > 1 for n, whole in zip(padded, output, strict=True))


def merged_operands(output: Shape, *operands: Shape) -> tuple[Shape, tuple[Shape, ...]]:
    """A broadcast over fewer axes: the output's extents, and each operand's.

    >>> merged_operands((2, 3, 4, 5, 6), (2, 3, 4, 5, 6), (5, 6))
    ((24, 30), ((24, 30), (1, 30)))
    """
    extents, kinds = merged(output, *(repeated(shape, output) for shape in operands))
    shapes = tuple(
        tuple(1 if again else n for again, n in zip(kind, extents, strict=True)) for kind in kinds
    )
    return extents, shapes
