"""C identifiers that a person recognises, from the names training tools give tensors.

TensorFlow joins everything it fused into one name: `model/conv_pw_3_relu/Relu6;model/conv_pw_3_bn/
FusedBatchNormV3;model/conv_pw_3/Conv2D1`. The layer is the part that most of the pieces, or the
operator itself, speak of; activations and normalisations that were folded into it do not count.
"""

from __future__ import annotations

import re
from collections import Counter

from edgekit.converter.ir.graph import Node

LONGEST = 32
"""Longest layer part of an identifier; the rest is cut."""

_TF_OPERATION = re.compile(
    r"(?:Conv2D|convolution|depthwise|DepthwiseConv2d\w*|BiasAdd|MatMul|Tensordot|Relu6?|relu6?"
    r"|FusedBatchNorm(?:V\d)?|batchnorm|AvgPool|MaxPool|Mean|Softmax|Sigmoid|Reshape|Squeeze|Pad"
    r"|concat|[Aa]dd(?:V2)?|[Mm]ul|clip_by_value|ReadVariableOp|resource|bias(?:es)?"
    r"|\w+_[Ff]old)(?:_?\d+)?(?::\d+)?"
)
_INNER = {"ReadVariableOp", "BiasAdd", "batchnorm", "depthwise", "BatchNorm_Fold"}
_FOLDED = re.compile(r"(?:^|_)(?:bn|relu6?|re_lu|activation|batch_?norm\w*)(?:_|\d|$)")
_GENERIC = re.compile(
    r"identity.*|(?:stateful)?partitionedcall.*|serving_default.*|tensor_?\d*|output_?\d*|\d*"
)

_FITTING = {
    "CONV_2D": ("Conv2D", "convolution"),
    "DEPTHWISE_CONV_2D": ("depthwise", "DepthwiseConv2d"),
    "FULLY_CONNECTED": ("MatMul", "Tensordot"),
}
_PLAIN = {
    "CONV_2D": "conv",
    "DEPTHWISE_CONV_2D": "depthwise",
    "FULLY_CONNECTED": "dense",
    "AVERAGE_POOL_2D": "average_pool",
    "MAX_POOL_2D": "max_pool",
    "CONCATENATION": "concat",
}

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
    ours:  arena init input inputs invoke labels model name output outputs step steps weights
"""
RESERVED = frozenset(word for word in _RESERVED_WORDS.split() if not word.endswith(":"))
"""Words that cannot be, or had better not be, identifiers in generated code."""


def identifier(text: str) -> str:
    """`text` in lower-case letters, digits and single underscores; may be empty.

    >>> identifier("MobilenetV1/Conv2d_0:0")
    'mobilenetv1_conv2d_0_0'
    """
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def layer_name(tensor: str, operator: str) -> str:
    """The layer a (possibly joined) tensor name speaks of, or "" when it says nothing.

    >>> layer_name("model/re_lu_1/Relu;model/bn_1/FusedBatchNormV3;model/conv_1/Conv2D1", "CONV_2D")
    'conv_1'
    >>> layer_name("StatefulPartitionedCall:0", "SOFTMAX")
    ''
    """
    fitting = _FITTING.get(operator, ())
    votes: Counter[str] = Counter()
    for piece in tensor.split(";"):
        layer, operation = _split(piece)
        votes[layer] += 1 + 2 * operation.startswith(fitting) if fitting else 1
        votes[layer] -= 20 * bool(_FOLDED.search(layer))
    best = max(votes.values())
    chosen = [layer for layer, count in votes.items() if count == best][-1]
    return "" if _GENERIC.fullmatch(chosen) else chosen


def _split(piece: str) -> tuple[str, str]:
    """(layer identifier, TensorFlow operation or "") of one path."""
    parts = [part for part in piece.split("/") if part] or [""]
    operation = ""
    if len(parts) > 1 and _TF_OPERATION.fullmatch(parts[-1]):
        operation = parts.pop()
        while len(parts) > 1 and parts[-1] in _INNER:
            operation = parts.pop()
    return identifier(re.sub(r":\d+$", "", parts[-1])), operation


class Namer:
    """Hands out identifiers, each once, also with any of the suffixes a step's parts get."""

    SUFFIXES = ("", "_y", "_w", "_b", "_q", "_lut", "_c", "_scratch")

    def __init__(self) -> None:
        self._taken: set[str] = set(RESERVED)

    def reserve(self, name: str) -> None:
        """Keep `name` from being handed out."""
        self._taken.add(name)

    def step(self, node: Node) -> str:
        """An identifier for a node: its layer's name where it has one, else its operator's."""
        operator = node.op.NAME
        layer = layer_name(node.output, operator) or layer_name(node.name, operator)
        return self.claim(layer or _PLAIN.get(operator, operator.lower()))

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
