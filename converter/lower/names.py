"""C identifiers from layer names.

Readers already give nodes their layers' names; what is left is what C asks for: no reserved word,
no name twice, none so long that a call no longer fits a line.
"""

from __future__ import annotations

import re

from edgekit.converter.ir.graph import Node

LONGEST = 32
"""Longest identifier made from a layer's name; the rest is cut."""

_RESERVED_WORDS = """
    C11:   auto break case char const continue default do double else enum extern float for goto if
           inline int long register restrict return short signed sizeof static struct switch typedef
           union unsigned void volatile while
    C++:   alignas alignof and asm bool catch class constexpr delete explicit export false friend
           mutable namespace new noexcept not nullptr operator or private protected public template
           this throw true try typeid typename using virtual xor
    libc:  abort abs acos asin assert atan calloc ceil cos cosh errno exit exp exp2 fabs floor fma
           fmax fmin fmod free gamma hypot index j0 j1 jn labs ldexp linux log log2 logb main malloc
           memcmp memcpy memset modf pow printf puts realloc remainder rint round scalb signbit sin
           sinh sqrt strcmp strlen tan tanh trunc unix y0 y1 yn
    ours:  arena init input inputs invoke labels model name output outputs step steps stripe weights
"""
RESERVED = frozenset(word for word in _RESERVED_WORDS.split() if not word.endswith(":"))
"""Words that cannot be, or had better not be, identifiers in generated code."""
BUILD_TARGETS = frozenset({"all", "clean", "help", "install", "package", "test"})
"""Names CMake keeps for itself, where a model's name becomes a library's."""

_HEADERS = """
    arduino assert complex ctype errno fenv float inttypes limits locale math setjmp signal spi
    stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string strings tgmath
    threads time uchar wchar wctype wire
"""
HEADERS = frozenset(_HEADERS.split())
"""Names of headers of C and of Arduino, which a model's own header would hide."""


def identifier(text: str) -> str:
    """`text` in lower-case letters, digits and single underscores; may be empty.

    >>> identifier("MobilenetV1/Conv2d_0:0")
    'mobilenetv1_conv2d_0_0'
    """
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def model_name(name: str) -> str:
    """A prefix for a model's C symbols, header and library: an identifier that neither CMake nor a
    header of the system has.

    >>> model_name("kws"), model_name("test"), model_name("String")
    ('kws', 'model_test', 'model_String')
    """
    return f"model_{name}" if name.lower() in BUILD_TARGETS | HEADERS else name


class Namer:
    """Hands out identifiers, each once, also with any of the suffixes a step's parts get."""

    SUFFIXES = (
        "",
        "_y",
        "_y2",
        "_y3",
        "_y4",
        "_w",
        "_b",
        "_q",
        "_f",
        "_lut",
        "_lut2",
        "_r",
        "_t",
        "_c",
        "_c2",
        "_i",
        "_rows",
        "_cols",
        "_scratch",
        "_at",
        "_anchors",
    )

    def __init__(self) -> None:
        self._taken: set[str] = set(RESERVED)

    def reserve(self, name: str) -> None:
        """Keep `name` from being handed out."""
        self._taken.add(name)

    def step(self, node: Node) -> str:
        """An identifier for a node."""
        return self.claim(identifier(node.name) or node.op.NAME)

    def claim(self, wish: str) -> str:
        """`wish` made an identifier, with _2, _3, ... where it, or a part of it, is taken."""
        base = identifier(wish)[:LONGEST].strip("_") or "layer"
        if base[0].isdigit():
            base = f"layer_{base}"
        candidate, number = base, 2
        while any(candidate + suffix in self._taken for suffix in self.SUFFIXES):
            candidate, number = f"{base}_{number}", number + 1
        self._taken.update(candidate + suffix for suffix in self.SUFFIXES)
        return candidate
