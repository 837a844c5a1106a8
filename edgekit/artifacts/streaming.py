"""How a bundle takes time: the new steps of a window in each call, and what that saves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamLayer:
    """One layer with time: of its `rows` in the window `computed` are computed in a call, for
    `edges` of which only padding is the reason; `kept` are kept from earlier calls."""

    layer: str
    operator: str
    rows: int
    computed: int
    edges: int
    kept: int


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """A layer at which time ends: it is computed from the whole window in every call."""

    layer: str
    operator: str
    reason: str


@dataclass(frozen=True, slots=True)
class StreamSummary:
    """A streaming network beside the window network it was made from.

    Each call takes `hop` of `window` steps along `axis` of the input, a multiple of `least_hop`.
    After `warm_up` calls all steps of the window were given; before, the missing ones are zeros.
    Pairs are (the whole window in every call, streaming): multiply-accumulates, bytes of the
    arena, estimated instructions (0: no estimate).
    """

    axis: int
    window: int
    hop: int
    least_hop: int
    warm_up: int
    state_bytes: int
    macs: tuple[int, int]
    edge_macs: int
    """Of those of a call, what padding at the ends of the window makes necessary."""
    arena: tuple[int, int] | None = None
    """None where there is no C."""
    instructions: tuple[int, int] = (0, 0)
    layers: tuple[StreamLayer, ...] = ()
    ends: tuple[StreamEnd, ...] = ()
