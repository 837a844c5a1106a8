"""From a float graph with signs in it to LCE's operators, in named passes.

find-signs        comparisons with 0 that choose between +1 and -1: LceQuantize, LceDequantize
binarize          convolutions and products of signs with signs: LceBconv2d
scale-before-pool scales behind a maximum of such: in front of it
fold-multipliers  what a BatchNorm left behind them: into multiplier and bias
pool-signs        a maximum whose sign is all that is read: of signs, LceBMaxPool2d
thresholds        where signs alone are read, packed signs come out
"""

from __future__ import annotations

from collections.abc import Callable

from edgekit.converter.binary.convolutions import binarize
from edgekit.converter.binary.ends import (
    fold_multipliers,
    pool_signs,
    scale_before_pool,
    thresholds,
)
from edgekit.converter.binary.signs import find_signs
from edgekit.converter.ir.graph import Graph

BINARIZE: tuple[tuple[str, Callable[[Graph], Graph]], ...] = (
    ("find-signs", find_signs),
    ("binarize", binarize),
    ("scale-before-pool", scale_before_pool),
    ("fold-multipliers", fold_multipliers),
    ("pool-signs", pool_signs),
    ("thresholds", thresholds),
)
