"""Rules that give layers a format: what is understood, what is refused and how it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.converter.mixed.choices import NAMES, LayerChoice, parse_choices
from edgekit.converter.mixed.formats import given_mix, layers_of, obstacle
from edgekit.converter.options import ConvertOptions
from edgekit.errors import UsageError
from tests.helpers.mixed_networks import mixed_network

LAYERS = ["first", "narrow", "wide", "deep", "second", "dense"]


def test_names_short_names_and_lists() -> None:
    found = parse_choices("--layer-precision", ["a=int4, b/c=W8A16", "d=w1a1"])
    assert found == (
        LayerChoice("a", "int4"),
        LayerChoice("b/c", "int16"),
        LayerChoice("d", "binary"),
    )


def test_a_name_may_hold_an_equals_sign() -> None:
    assert parse_choices("x", ["a=b=int4"]) == (LayerChoice("a=b", "int4"),)


def test_a_file_of_rules(tmp_path: Path) -> None:
    path = tmp_path / "layers.txt"
    path.write_text("# the large ones\nwide=int4\n\nsecond=binary  # by hand\n", encoding="utf-8")
    rules = parse_choices("--layer-precision", [str(path)])
    assert rules == (LayerChoice("wide", "int4"), LayerChoice("second", "binary"))


@pytest.mark.parametrize("text", ["wide", "wide=", "=int4", "wide=int3", "no-such-file.txt"])
def test_what_is_not_understood(text: str) -> None:
    with pytest.raises(UsageError, match="--layer-precision: not understood") as caught:
        ConvertOptions(layer_precision=(text,))
    assert "NAME=FORMAT" in caught.value.allowed
    assert all(name in caught.value.allowed for name in (*NAMES, *NAMES.values()))


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "layers.bin"
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(UsageError, match="cannot be read"):
        parse_choices("--layer-precision", [str(path)])


def test_rules_beside_float32() -> None:
    with pytest.raises(UsageError, match="float32 quantizes none"):
        ConvertOptions(precision="float32", layer_precision=("a=int4",))


def test_a_preference_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match="--prefer: unknown value 'speed'"):
        ConvertOptions(prefer="speed")


def test_layers_are_the_nodes_with_weights() -> None:
    assert [node.name for node in layers_of(mixed_network())] == LAYERS


def test_later_rules_win_and_stars_skip_what_cannot() -> None:
    rules = parse_choices("x", ["*=binary", "wide=int8", "de*=int4"])
    assert given_mix(mixed_network(), rules) == {
        "first": "binary", "narrow": "binary", "wide": "int8", "second": "binary",
        "deep": "int4", "dense": "int4",
    }  # fmt: skip


def test_an_unknown_layer_names_those_that_are_near() -> None:
    with pytest.raises(UsageError, match="mixed has no layer 'secnd' with weights") as caught:
        given_mix(mixed_network(), parse_choices("x", ["secnd=int4"]))
    assert caught.value.code == "unknown-layer"
    assert "second" in caught.value.allowed


def test_a_depthwise_layer_cannot_be_binarized() -> None:
    with pytest.raises(UsageError, match="a depthwise sum of 9 signs takes 10 values") as caught:
        given_mix(mixed_network(), parse_choices("x", ["deep=binary"]))
    assert caught.value.code == "layer-precision"
    assert caught.value.allowed == "int8, int4, int16 for DEPTHWISE_CONV_2D deep"


def test_what_can_be_what() -> None:
    graph = mixed_network()
    able = {
        node.name: [name for name in NAMES if not obstacle(graph, node, name)]
        for node in layers_of(graph)
    }
    every = list(NAMES)
    assert able == {**dict.fromkeys(LAYERS, every), "deep": every[:3]}
