"""`import edgekit`: the names it exports, each usable as its docstring says."""

from __future__ import annotations

import importlib
import inspect as introspection
from pathlib import Path

import numpy as np
import pytest

import edgekit
from edgekit.artifacts.bundle import Manifest
from edgekit.artifacts.report import Report
from edgekit.converter.options import ConvertOptions
from edgekit.deploy.bench_options import BenchOptions
from edgekit.deploy.build import check_image
from edgekit.errors import DoesNotFitError
from edgekit.targets.model import Target
from tests.helpers.command_line import nothing_left_in

NAMES = {
    "EdgeKitError",
    "__version__",
    "bench",
    "build",
    "classify",
    "compare_reports",
    "compress",
    "convert",
    "explain",
    "flash",
    "inspect",
    "keep_report",
    "list_targets",
    "load_target",
    "read_manifest",
    "sweep",
    "train",
    "verify",
}


def test_all_is_honest() -> None:
    assert set(edgekit.__all__) == NAMES
    assert edgekit.__all__ == sorted(edgekit.__all__)
    assert dir(edgekit) == edgekit.__all__
    for name in edgekit.__all__:
        assert getattr(edgekit, name) is not None


def test_every_exported_name_comes_from_where_it_is_defined() -> None:
    for name, module in edgekit._WHERE.items():
        value = getattr(edgekit, name)
        assert value is getattr(importlib.import_module(module), name)
        assert value.__module__ == module


def test_every_exported_function_is_documented_and_annotated() -> None:
    for name in NAMES - {"__version__", "EdgeKitError"}:
        function = getattr(edgekit, name)
        signature = introspection.signature(function)
        assert function.__doc__, name
        assert signature.return_annotation is not introspection.Signature.empty, name
        kinds = [parameter.kind for parameter in signature.parameters.values()]
        assert kinds.count(introspection.Parameter.POSITIONAL_OR_KEYWORD) <= 2, name


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="module 'edgekit' has no attribute 'solder'"):
        edgekit.solder  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(edgekit, "solder")


def test_convert_and_use_from_python(desk: Path) -> None:
    values = np.load("data.npz")["x"]
    steps: list[tuple[str, int, int]] = []
    result = edgekit.convert(
        "model.tflite",
        target="virtual-m4",
        output_dir="out",
        calibration=values[:60],
        progress=lambda *step: steps.append(step),
    )
    assert isinstance(result.manifest, Manifest)
    assert isinstance(result.target, Target)
    assert result.bundle == Path("out")
    assert result.manifest == edgekit.read_manifest(Path("out"))
    assert result.timings["total"] >= max(v for k, v in result.timings.items() if k != "total")
    assert ("calibrate", 60, 60) in steps
    assert edgekit.inspect("out/model.tflite").quantized == "int8"


def test_calibration_may_be_a_generator(desk: Path) -> None:
    values = np.load("data.npz")["x"]
    first = edgekit.convert(
        "model.tflite", target="host", output_dir="a", calibration=(v for v in values[:50])
    )
    second = edgekit.convert(
        "model.tflite", target="host", output_dir="b", calibration=lambda: iter(values[:50])
    )
    assert first.manifest.model_sha256 == second.manifest.model_sha256


def test_a_target_may_be_an_object(desk: Path, small_bundle: Path) -> None:
    target = edgekit.load_target("virtual-m0")
    options = ConvertOptions(calibration="data.npz", name="mine")
    result = edgekit.convert("model.tflite", target=target, output_dir="out", options=options)
    assert (result.target.name, result.manifest.name) == ("virtual-m0", "mine")
    assert edgekit.build(small_bundle, target=target, output_dir="firmware").target == "virtual-m0"


def test_an_image_is_held_against_every_memory(desk: Path, small_bundle: Path) -> None:
    """The linker knows one flash and one RAM; a target may state less than its linker script."""
    image = edgekit.build(small_bundle, output_dir="firmware")
    target = edgekit.load_target("virtual-m4")
    for kind in ("flash", "ram"):
        small = [m.model_copy(update={"size": 1024}) for m in target.memories if m.kind == kind]
        rest = [m for m in target.memories if m.kind != kind]
        with pytest.raises(DoesNotFitError) as caught:
            check_image(image, target.model_copy(update={"memories": (*rest, *small)}))
        assert caught.value.allowed.endswith("024 B")
        assert "choose a larger target" in caught.value.hint


def test_bench_returns_the_report(desk: Path, small_bundle: Path) -> None:
    with nothing_left_in(desk, small_bundle, desk.parent / "temporary"):
        options = BenchOptions(quick=True, samples=1)
        report = edgekit.bench(small_bundle, target="host", options=options)
    assert isinstance(report, Report)
    assert [run.outputs_checked for run in report.runs] == [1, 1]


def test_verify_compares_every_engine(small_bundle: Path) -> None:
    result = edgekit.verify(small_bundle, samples=7)
    ours = [engine for engine in result.engines if engine.must_equal]
    assert [(engine.inputs, engine.inputs_equal) for engine in ours] == [(7, 7)]
    assert result.proved
    assert result.verdict() is None


def test_verify_with_a_seed_is_repeatable(small_bundle: Path) -> None:
    first, second = (edgekit.verify(small_bundle, samples=3, seed=9) for _ in range(2))
    assert first == second


def test_classify_returns_values_and_ranks(desk: Path, small_bundle: Path) -> None:
    np.save("one.npy", np.load("data.npz")["x"][0])
    (answer,) = edgekit.classify(small_bundle, ["one.npy"], engine="reference", top=2)
    assert answer.input == "one.npy"
    assert len(answer.values) == 4
    assert [score for _, score in answer.top] == sorted(answer.values, reverse=True)[:2]
    best = int(np.argmax(answer.values))
    assert answer.top[0][0] == f"class {best}"


def test_targets_are_listed_and_loaded() -> None:
    names = [target.name for target in edgekit.list_targets()]
    assert len(names) == len(set(names)) >= 20
    assert edgekit.load_target("rpi").name == "rpi4"
    with pytest.raises(edgekit.EdgeKitError) as caught:
        edgekit.load_target("no-such-board")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: edgekit.inspect("gone.tflite"), "model-missing"),
        (lambda: edgekit.read_manifest(Path("gone")), "not-a-bundle"),
        (lambda: edgekit.bench("gone"), "not-a-bundle"),
        (lambda: edgekit.verify("gone"), "not-a-bundle"),
        (lambda: edgekit.classify("gone", []), "not-a-bundle"),
        (lambda: edgekit.build("gone"), "not-a-bundle"),
        (lambda: edgekit.train("resnet9", "gone"), "unknown-architecture"),
        (lambda: ConvertOptions(code_format="fortran"), "bad-option"),
        (lambda: ConvertOptions(scale=(0.0,)), "bad-option"),
        (lambda: ConvertOptions(rounding="up"), "bad-option"),
        (lambda: ConvertOptions(ranges="widest"), "bad-option"),
        (
            lambda: ConvertOptions(calibration="none", rounding="gptq"),
            "rounding-without-data",
        ),
        (lambda: ConvertOptions(calibration="none", ranges="mse"), "ranges-unused"),
        (
            lambda: ConvertOptions(calibration="none", precision="auto"),
            "formats-without-data",
        ),
    ],
)
def test_errors_from_python_are_of_one_family(call: object, code: str) -> None:
    assert callable(call)
    with pytest.raises(edgekit.EdgeKitError) as caught:
        call()
    assert caught.value.code == code
