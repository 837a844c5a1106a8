"""Identifiers in generated C."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.converter.ir.graph import Node
from edgekit.converter.ir.ops import Relu
from edgekit.converter.lower.names import (
    LONGEST,
    RESERVED,
    Namer,
    identifier,
    model_name,
)

C_NAME = re.compile(r"[a-z][a-z0-9_]*")


@given(st.lists(st.text(max_size=50), max_size=20))
def test_always_valid_and_never_twice(wishes: list[str]) -> None:
    namer = Namer()
    names = [namer.claim(wish) for wish in wishes]
    parts = [name + suffix for name in names for suffix in Namer.SUFFIXES]
    assert len(set(parts)) == len(parts)
    assert all(C_NAME.fullmatch(part) for part in parts)
    assert not RESERVED & set(parts)


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ("conv_pw_3", "conv_pw_3"),
        ("Conv2d 1x1", "conv2d_1x1"),
        ("model/dense/MatMul", "model_dense_matmul"),
        ("3rd", "layer_3rd"),
        ("float", "float_2"),
        ("exp", "exp_2"),
        ("input", "input_2"),
        ("_hidden_", "hidden"),
        ("", "layer"),
        ("übung", "bung"),
        ("x" * 80, "x" * LONGEST),
    ],
)
def test_wishes(wish: str, name: str) -> None:
    assert Namer().claim(wish) == name


def test_repeats_are_numbered() -> None:
    namer = Namer()
    assert [namer.claim("add") for _ in range(3)] == ["add", "add_2", "add_3"]


def test_a_layer_named_like_another_layers_part_moves_aside() -> None:
    namer = Namer()
    assert namer.claim("conv") == "conv"
    assert namer.claim("conv_w") == "conv_w_2"


def test_reserved_buffers_are_not_handed_out() -> None:
    namer = Namer()
    namer.reserve("input_0")
    assert namer.claim("input_0") == "input_0_2"


def test_a_nameless_node_is_called_after_its_operator() -> None:
    assert Namer().step(Node("", Relu(), ("x",), ("y",))) == "relu"


@pytest.mark.parametrize("text", ["test", "all", "string", "Wire", "ARDUINO"])
def test_model_names_that_cmake_or_headers_have(text: str) -> None:
    assert model_name(text) == f"model_{text}"


@pytest.mark.parametrize("text", ["kws", "main", "model", "KWS_2"])
def test_other_model_names_stay(text: str) -> None:
    assert model_name(text) == text


def test_identifier_keeps_digits_and_joins_words() -> None:
    assert identifier("MobilenetV1/Conv2d_0:0") == "mobilenetv1_conv2d_0_0"
