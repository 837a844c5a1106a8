"""The change gate in C against its definition in NumPy: every decision and count."""

from __future__ import annotations

import ctypes

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.camera.gate import GateSetting, block_samples, block_sums, decide
from tests.helpers.frame_library import Guarded, load


class SettingC(ctypes.Structure):
    """ek_gate_setting_t."""

    _fields_ = tuple(
        (name, ctypes.c_uint16) for name in ("enter", "leave", "blocks", "hold", "refresh")
    )


class GateC(ctypes.Structure):
    """ek_gate_t."""

    _fields_ = (
        ("setting", SettingC),
        ("width", ctypes.c_uint16),
        ("height", ctypes.c_uint16),
        ("channels", ctypes.c_uint8),
        ("now", ctypes.c_void_p),
        ("reference", ctypes.c_void_p),
        *((name, ctypes.c_uint16) for name in ("skipped", "still", "changed")),
        *((name, ctypes.c_bool) for name in ("open", "known")),
    )


@st.composite
def gates(draw: st.DrawFn) -> GateSetting:
    enter = draw(st.integers(0, 400))
    return GateSetting(
        enter=enter,
        leave=draw(st.integers(0, enter)),
        blocks=draw(st.integers(1, 4)),
        hold=draw(st.integers(0, 3)),
        refresh=draw(st.integers(0, 5)),
    )


@given(
    gates(),
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3])),
    st.lists(st.integers(0, 5), min_size=1, max_size=20),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=150, deadline=None)
def test_c_decides_as_numpy(
    setting: GateSetting, shape: tuple[int, int, int], order: list[int], seed: int
) -> None:
    """Clips out of six pictures that differ a little, a lot, or at the ends of the range."""
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 256, shape)
    pictures = [np.clip(base + rng.integers(-4, 5, shape) * k, 0, 255) for k in range(4)]
    pictures += [np.zeros(shape), np.full(shape, 255)]
    clip = [pictures[index].astype(np.uint8) for index in order]
    library = load()
    library.ek_gate_decide.restype = ctypes.c_bool
    blocks = block_samples(shape).size
    now, reference = Guarded(2 * blocks), Guarded(2 * blocks)
    gate = GateC(
        setting=SettingC(
            setting.enter, setting.leave, setting.blocks, setting.hold, setting.refresh
        ),
        width=shape[1],
        height=shape[0],
        channels=shape[2],
        now=now.address,
        reference=reference.address,
    )
    library.ek_gate_reset(ctypes.byref(gate))
    found = []
    for picture in clip:
        library.ek_gate_begin(ctypes.byref(gate))
        for y, row in enumerate(picture):
            library.ek_gate_row(ctypes.byref(gate), y, row.ctypes.data_as(ctypes.c_void_p))
        run = library.ek_gate_decide(ctypes.byref(gate))
        found.append((run, gate.changed))
        now.check(), reference.check()
    expected = decide(setting, [block_sums(picture) for picture in clip], block_samples(shape))
    assert found == [(decision.run, decision.changed) for decision in expected]
