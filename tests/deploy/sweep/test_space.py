"""Axes and their combinations."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from edgekit.converter.options import ConvertOptions
from edgekit.deploy.sweep.axes import AXES, BY_NAME
from edgekit.deploy.sweep.options import SweepOptions
from edgekit.deploy.sweep.plan import make_plan
from edgekit.deploy.sweep.space import make_space, method, options_of
from edgekit.errors import UsageError
from tests.helpers.command_line import succeeds


def test_every_axis_is_an_option_of_a_conversion_and_of_the_command() -> None:
    known = {field.name for field in fields(ConvertOptions)}
    text = succeeds("sweep", "--help").out
    for axis in AXES:
        assert axis.field in known
        assert axis.flag in text
        for value in axis.example.split(","):
            axis.value(value)


def test_combinations_come_in_order_and_the_same_ones_once() -> None:
    axes = {"rounding": ["nearest", "gptq"], "precision": ["int8", "float32"]}
    space = make_space(["a", "b"], axes, ["virtual-m4"])
    assert space.size == 8
    assert [space.label(point) for point in space.points()] == [
        "a int8 nearest",
        "a int8 gptq",
        "a float32",
        "b int8 nearest",
        "b int8 gptq",
        "b float32",
    ]


def test_what_changes_the_c_alone_varies_last() -> None:
    axes = {"compress_weights": ["none", "layer"], "cluster": ["none", "16"]}
    space = make_space(["a"], axes, ["virtual-m4", "virtual-m7"])
    assert list(space.axes) == ["model", "cluster", "compress_weights", "target"]
    methods = [method(point) for point in space.points()]
    assert methods == sorted(methods, reverse=True)
    assert len(set(methods)) == 2
    labels = [space.label(point) for point in space.points()]
    assert (labels[1], labels[-1]) == ("virtual-m7", "cluster 16 coded layer virtual-m7")


def test_what_has_no_effect_is_left_out() -> None:
    axes = {"precision": ["int8", "float16"], "rounding": ["gptq"], "ranges": ["mse"]}
    found = [
        options_of(point, ConvertOptions()) for point in make_space(["a"], axes, ["host"]).points()
    ]
    assert [(one.precision, one.rounding, one.ranges) for one in found] == [
        ("int8", "gptq", "mse"),
        ("float16", "nearest", "minmax"),
    ]


def test_pruning_by_nothing_is_none() -> None:
    space = make_space(["a"], {"prune": ["0", "2:4"], "prune_by": ["auto", "data"]}, ["host"])
    found = [options_of(point, ConvertOptions()) for point in space.points()]
    assert [(one.prune, one.prune_by) for one in found] == [
        (None, "auto"),
        ("2:4", "auto"),
        ("2:4", "data"),
    ]


def test_a_trial_without_anything_is_plain() -> None:
    space = make_space(["a"], {"cluster": ["none", "16"]}, ["host"])
    assert [space.label(point) for point in space.points()] == ["plain", "cluster 16"]


def test_values_become_options() -> None:
    axes = {
        "cluster": ["16"],
        "compress_weights": ["none"],
        "bias_correction": ["off"],
        "ram_budget": ["48K"],
    }
    (point,) = make_space(["a"], axes, ["host"]).points()
    found = options_of(point, ConvertOptions(calibration="data"))
    wanted = ConvertOptions(
        calibration="data", cluster=16, bias_correction=False, ram_budget=48 * 1024
    )
    assert found == wanted


@pytest.mark.parametrize(
    ("axes", "code", "found"),
    [
        ({"precision": ["int8", "int8"]}, "sweep-axis", "named twice"),
        ({"precision": []}, "sweep-axis", "has no value"),
        ({"colour": ["red"]}, "sweep-axis", "not known"),
        ({"precision": ["int7"]}, "bad-option", "int7"),
        ({"cluster": ["few"]}, "sweep-value", "few"),
        ({"bias_correction": ["maybe"]}, "sweep-value", "maybe"),
    ],
)
def test_bad_axes_are_refused(axes: dict[str, list[str]], code: str, found: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_space(["a"], axes, ["host"])
    assert caught.value.code == code
    assert found in str(caught.value)


@pytest.mark.parametrize(
    ("models", "targets", "code"),
    [([], ["host"], "sweep-axis"), (["a"], ["rpi", "rpi4"], "sweep-axis")],
)
def test_bad_models_and_targets_are_refused(
    models: list[str], targets: list[str], code: str
) -> None:
    with pytest.raises(UsageError) as caught:
        make_plan(models, targets, {}, ConvertOptions(), SweepOptions())
    assert caught.value.code == code


def test_models_of_one_name_are_told_apart_and_pis_have_no_flash() -> None:
    plan = make_plan(["a/x.h5", "b/x.h5"], ["rpi4"], {}, ConvertOptions(), SweepOptions())
    assert list(plan.sources) == ["a/x.h5", "b/x.h5"]
    assert [row.name for row in plan.objectives] == ["accuracy", "instructions", "size"]


def test_a_large_space_is_searched_a_small_one_tried_whole() -> None:
    axes = {axis: BY_NAME[axis].example.split(",") for axis in ("precision", "ranges", "rounding")}
    axes["calibration_samples"] = ["16", "64", "256"]

    def plan(**options: object) -> tuple[str, int]:
        chosen = SweepOptions(**options)  # type: ignore[arg-type]
        found = make_plan(["a"], ["host"], axes, ConvertOptions(), chosen)
        return found.how, found.wanted

    assert plan() == ("nsga2: up to 64 of 110 combinations, seed 0", 64)
    assert plan(trials=200) == ("grid: all 110 combinations", 110)
    assert plan(trials=9, sampler="grid") == ("grid: up to 9 of 110 combinations", 9)
    assert plan(sampler="tpe", seed=3) == ("tpe: up to 64 of 110 combinations, seed 3", 64)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"objectives": ("beauty",)}, "sweep-objective"),
        ({"objectives": ()}, "sweep-objective"),
        ({"objectives": ("ram", "ram")}, "sweep-objective"),
        ({"sampler": "magic"}, "bad-option"),
        ({"trials": 0}, "bad-option"),
        ({"workers": 0}, "bad-option"),
        ({"keep": -1}, "bad-option"),
        ({"workers": 2, "dask": "tcp://a:1"}, "sweep-workers"),
        ({"shared_paths": True}, "option-unused"),
    ],
)
def test_bad_options_are_refused(options: dict[str, object], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        SweepOptions(**options)  # type: ignore[arg-type]
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("base", "options", "target", "code"),
    [
        ({"calibration": "gone"}, {}, "host", "data-missing"),
        ({"calibration": [1.0]}, {}, "host", "sweep-data"),
        ({}, {"bench": True}, "nano33ble", "sweep-bench"),
    ],
)
def test_bad_data_and_boards_are_refused(
    base: dict[str, object], options: dict[str, object], target: str, code: str, tmp_path: Path
) -> None:
    from edgekit.errors import EdgeKitError

    given = ConvertOptions(**base)  # type: ignore[arg-type]
    with pytest.raises(EdgeKitError) as caught:
        make_plan(["a"], [target], {}, given, SweepOptions(**options))  # type: ignore[arg-type]
    assert caught.value.code == code
