"""Small writers of C text that is right when written: aligned, wrapped, commented.

Every function returns text without a final newline; lines stay within `WIDTH` columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import Requant
from edgekit.converter.lower.program import FieldValue

WIDTH = 100
"""Columns of a line of generated C."""
_ROW = 16
"""Numbers on a line where an array's own rows are too long for one."""


def safe(text: str) -> str:
    """`text` fit for a comment: one line, printable, without a comment's end.

    >>> safe("a*/b")
    'a* /b'
    """
    printable = "".join(char if char.isprintable() else " " for char in text)
    return printable.replace("*/", "* /").replace("/*", "/ *")


def string(text: str) -> str:
    """A string literal; bytes outside ASCII become octal escapes of UTF-8.

    >>> string('say "hé"')
    '"say \\\\"h\\\\303\\\\251\\\\""'
    """
    plain = {ord('"'): '\\"', ord("\\"): "\\\\", ord("?"): "\\?"}
    return '"' + "".join(plain.get(byte) or _character(byte) for byte in text.encode()) + '"'


def _character(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


def number(value: int | float) -> str:
    """An int, or a float as the shortest float literal that reads back as the same float32.

    >>> number(-3), number(0.1), number(2.0), number(1e-9)
    ('-3', '0.1f', '2.0f', '1e-09f')
    """
    if isinstance(value, int):
        return _integer(value)
    text = str(np.float32(value))
    return f"{text}f"


def _integer(value: int) -> str:
    """INT32_MIN has no literal in C: 2147483648 is already too large for an int."""
    return "(-2147483647 - 1)" if value == -(1 << 31) else str(value)


def comment(lines: Sequence[str]) -> str:
    """A block comment.

    >>> print(comment(["one", "", "two"]))
    /* one
     *
     * two
     */
    """
    if len(lines) == 1:
        return f"/* {lines[0]} */"
    body = [f" * {line}".rstrip() for line in lines[1:]]
    return "\n".join((f"/* {lines[0]}", *body, " */"))


def table(rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Rows of cells in columns two spaces apart; the columns in `right` are flush right.

    >>> table([("layer", "MACs"), ("dense", "7")], right=[1])
    ['layer  MACs', 'dense     7']
    """
    flush = set(right)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column in flush else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def extents(shape: Sequence[int]) -> str:
    """A shape as C extents.

    >>> extents((8, 3, 3, 3))
    '[8][3][3][3]'
    """
    return "".join(f"[{extent}]" for extent in shape)


def struct(declaration: str, fields: Sequence[tuple[str, FieldValue]]) -> str:
    """A constant structure with designated initialisers; fields of one family stay together.

    >>> print(struct("static const pair_t p", [("in_h", 1), ("in_w", 2), ("q", Requant(3, -1))]))
    static const pair_t p = {
        .in_h = 1, .in_w = 2, .q = {3, -1},
    };
    """
    groups: dict[str, list[str]] = {}
    for name, value in fields:
        groups.setdefault(name.split("_")[0], []).append(f".{name} = {_field(value)},")
    lines = fill([" ".join(group) for group in groups.values()], "    ", width=80)
    return "\n".join((f"{declaration} = {{", *lines, "};"))


def _field(value: FieldValue) -> str:
    match value:
        case Requant(multiplier, shift):
            return f"{{{multiplier}, {shift}}}"
        case tuple():
            return "{" + ", ".join(map(_integer, value)) + "}"
        case float():
            return number(value)
        case _:
            return _integer(value)


def fill(words: Iterable[str], indent: str, width: int = WIDTH) -> list[str]:
    """Words joined by spaces into lines of at most `width` columns, unless a word is longer."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(indent + word)
    return lines


def call(function: str, arguments: Sequence[str], indent: str = "    ") -> str:
    """A statement that calls a function; what does not fit lines up after the parenthesis.

    >>> print(call("f", ["a", "b"]))
        f(a, b);
    """
    start = f"{indent}{function}("
    words = [*(f"{argument}," for argument in arguments[:-1]), f"{arguments[-1]});"]
    lines = fill(words, " " * len(start))
    return "\n".join((start + lines[0].lstrip(), *lines[1:]))


def signature(function: str, parameters: Sequence[str]) -> str:
    """The head of a function; parameters that do not fit line up after the parenthesis.

    >>> print(signature("int f", ["int a", "int b"]))
    int f(int a, int b)
    """
    return call(function, parameters, indent="").removesuffix(";")


def array(declaration: str, values: NDArray[np.generic], pairs: bool = False) -> str:
    """A constant array in rows of its natural shape.

    A line holds as many whole trailing axes as fit; longer rows are broken every 16 numbers,
    and a comment counts the outermost axis then. With `pairs` the last axis is a structure's
    two members.

    >>> print(array("const int8_t w[6]", np.array([[1, -2, 3], [4, 5, 66]], np.int8)))
    const int8_t w[6] = {
         1, -2,  3,  4,  5, 66,
    };
    """
    cells, shape = _cells(values, pairs)
    return "\n".join((f"{declaration} = {{", *_rows(cells, shape), "};"))


def _cells(values: NDArray[np.generic], pairs: bool) -> tuple[list[str], tuple[int, ...]]:
    if pairs:
        rows = values.reshape(-1, 2).tolist()
        return [f"{{{multiplier}, {shift}}}," for multiplier, shift in rows], values.shape[:-1]
    if values.dtype == np.uint32:  # bits rather than numbers
        return [f"0x{value:08x}u," for value in values.reshape(-1).tolist()], values.shape
    if values.dtype.kind == "f":
        return [f"{number(value)}," for value in values.reshape(-1).tolist()], values.shape
    return [f"{_integer(value)}," for value in values.reshape(-1).tolist()], values.shape


def _rows(cells: list[str], shape: tuple[int, ...]) -> list[str]:
    wide = max(map(len, cells), default=1)
    fits = max((WIDTH - 3) // (wide + 1), 1)
    run = _run(shape, fits)
    numbered = run > fits
    step = min(run, fits, _ROW) if numbered else run
    padded = [cell.rjust(wide) for cell in cells]
    lines = []
    for start in range(0, len(cells), run):
        if numbered and len(shape) > 1:
            lines.append(f"    /* {start // run} */")
        stop = min(start + run, len(cells))
        lines += [
            "    " + " ".join(padded[i : min(i + step, stop)]) for i in range(start, stop, step)
        ]
    return lines


def _run(shape: tuple[int, ...], fits: int) -> int:
    """Numbers that belong on one line: the longest product of trailing axes that fits."""
    run = shape[-1] if shape else 1
    for extent in reversed(shape[:-1]):
        if run * extent > fits:
            break
        run *= extent
    return max(run, 1)
