"""Tables as the `any` kernels read them; each kernel's C file says what they hold."""

from __future__ import annotations

from edgekit.converter.fixed_point import SoftmaxParams
from edgekit.converter.lower.calls import Array
from edgekit.converter.lower.variants import Packing, Request
from edgekit.converter.tables import exponential_table


def exponentials(request: Request) -> tuple[Array, ...]:
    """A softmax's exponentials by distance to the maximum, (256,)."""
    names = ("multiplier", "left_shift", "diff_min")
    params = SoftmaxParams(*(request.number(name) for name in names))
    return (Array("exp", "exponentials", "int32_t", exponential_table(params)),)


PACKINGS: dict[str, Packing] = {"any_exponentials": exponentials}
