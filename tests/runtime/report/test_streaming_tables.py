"""What a report shows of a streaming bundle, in every view."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgekit.artifacts.report import Report
from edgekit.artifacts.streaming import StreamEnd, StreamLayer, StreamSummary
from edgekit.runtime.report.build import summarize_bundle
from edgekit.runtime.report.html import sections
from edgekit.runtime.report.markdown import markdown
from edgekit.runtime.report.streaming_tables import streaming_layers_table, streaming_table
from edgekit.runtime.report.terminal import terminal
from tests.helpers.sample_report import bundle_report, manifest

FOUND = StreamSummary(
    axis=1,
    window=49,
    hop=2,
    least_hop=2,
    warm_up=25,
    state_bytes=24_470,
    macs=(2_000_000, 1_000_000),
    edge_macs=900_000,
    arena=(16_000, 40_000),
    instructions=(3_000_000, 1_500_000),
    layers=(StreamLayer("conv", "CONV_2D", 25, 6, 5, 19),),
    ends=(StreamEnd("pool", "AVERAGE_POOL_2D", "makes one row of all 25"),),
)


def streaming(found: StreamSummary = FOUND) -> Report:
    report = bundle_report()
    return replace(report, bundle=replace(report.bundle, streaming=found))


def test_the_record_takes_it_from_the_manifest() -> None:
    assert summarize_bundle(manifest()).streaming is None
    assert summarize_bundle(replace(manifest(), streaming=FOUND)).streaming == FOUND


def test_costs_stand_beside_those_of_the_window() -> None:
    table = streaming_table(streaming())
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["Time steps", "2", "49", "4.08 %"],
        ["MACs", "1,000,000", "2,000,000", "50.00 %"],
        ["Instructions, estimated", "1,500,000", "3,000,000", "50.00 %"],
        ["Arena, B", "40,000", "16,000", "250.00 %"],
        ["Kept between calls, B", "24,470", "", ""],
        ["First output of given steps alone", "call 25", "", ""],
    ]
    assert table.caption.endswith(
        "90.00 % of a call's MACs are rows at the window's ends, which padding changes."
    )


def test_what_is_not_known_is_left_out() -> None:
    few = replace(FOUND, arena=None, instructions=(0, 0), edge_macs=0, macs=(0, 0))
    table = streaming_table(streaming(few))
    names = [row[0].text for row in table.rows]
    assert "Arena, B" not in names
    assert "Instructions, estimated" not in names
    assert table.rows[1][3].text == ""
    assert "padding" not in table.caption


def test_layers_have_their_rows_and_ends_their_reason() -> None:
    rows = [[cell.text for cell in row] for row in streaming_layers_table(streaming()).rows]
    assert rows == [
        ["conv", "CONV_2D", "25", "6", "5", "19", ""],
        ["pool", "AVERAGE_POOL_2D", "", "", "", "", "makes one row of all 25"],
    ]


@pytest.mark.parametrize("view", [terminal, markdown])
def test_views_show_it_where_there_is_any(view: object) -> None:
    assert callable(view)
    assert "First output of given steps alone" in view(streaming())
    assert "Streaming" not in view(bundle_report())


def test_the_page_has_a_section_of_its_own() -> None:
    [part] = [part for part in sections(streaming()) if part.key == "streaming"]
    assert [table.key for table in part.tables] == ["streaming", "streaming-layers"]
    assert "streaming" not in [part.key for part in sections(bundle_report())]
