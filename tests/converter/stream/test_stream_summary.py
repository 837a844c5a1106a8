"""What a streaming conversion says of itself: rows of layers, costs, warnings."""

from __future__ import annotations

from dataclasses import replace

from edgekit.converter.ir.cost import graph_cost
from edgekit.converter.ir.ops import Padding
from edgekit.converter.stream.stream import stream
from edgekit.converter.stream.summary import stream_notes, summarized
from tests.converter.stream.test_stream_exact import ds_cnn


def test_rows_of_a_network_without_padding() -> None:
    streamed = stream(ds_cnn(Padding.VALID, "mean"), 4)
    found = summarized(streamed)
    assert (found.window, found.hop, found.least_hop, found.warm_up) == (33, 4, 2, 9)
    rows = {layer.layer: (layer.rows, layer.computed, layer.edges) for layer in found.layers}
    assert rows["conv_2d_0"] == (15, 2, 0)
    assert found.state_bytes == sum(state.initial.nbytes for state in streamed.graph.states)
    assert found.macs[1] == graph_cost(streamed.graph).macs
    assert [end.operator for end in found.ends] == ["MEAN"]
    assert stream_notes(found, "net") == ()


def test_rows_at_the_edges_are_counted_apart() -> None:
    found = summarized(stream(ds_cnn(Padding.SAME, "mean"), 4))
    edges = [layer.edges for layer in found.layers]
    assert edges == sorted(edges)
    assert edges[0] > 0
    assert all(layer.computed == 2 + layer.edges for layer in found.layers)
    assert 0 < found.edge_macs < found.macs[1]
    [note] = stream_notes(found, "net")
    assert (note.code, note.level) == ("stream-edges", "info")
    assert f"instead of {found.macs[1]:,} of the window's {found.macs[0]:,}" in note.advice


def test_a_call_that_saves_nothing_is_told() -> None:
    found = summarized(stream(ds_cnn(Padding.VALID, "mean"), 4))
    [note] = stream_notes(replace(found, instructions=(900, 1000)), "net")
    assert (note.code, note.level) == ("stream-dearer", "warning")
    assert "a call takes 1,000 instructions, estimated, the whole window 900" in note.message
    for pair in ((1000, 900), (900, 0), (0, 0)):
        assert not stream_notes(replace(found, instructions=pair), "net")
    assert stream_notes(None, "net") == ()
