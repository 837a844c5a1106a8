"""Bundles of scikit-learn models: the C here and on a virtual board answers as `predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.converter.options import ConvertOptions
from edgekit.deploy.boards import board_engine
from edgekit.deploy.build import native_model
from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.convert import convert
from edgekit.errors import DataError
from edgekit.targets.reader import load_target
from tests.helpers.command_line import edgekit, fails
from tests.helpers.estimators import as_float32, digits, fitted
from tests.helpers.toolchains import require
from tests.helpers.virtual_firmware import needs_qemu

joblib = pytest.importorskip("joblib")
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.svm import SVC  # noqa: E402

MODELS = {
    "forest": RandomForestClassifier(6, random_state=0),
    "boosted": make_pipeline(
        StandardScaler(), GradientBoostingClassifier(n_estimators=3, random_state=0)
    ),
    "votes": SVC(kernel="linear"),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Path]]:
    folder = tmp_path_factory.mktemp("estimators")
    found = {}
    for name, model in MODELS.items():
        joblib.dump(fitted(model, digits(), 500), folder / f"{name}.joblib")
        options = ConvertOptions(precision="float32")
        source, bundle = folder / f"{name}.joblib", folder / name
        convert(source, target="virtual-m4", output_dir=bundle, options=options)
        found[name] = (model, bundle)
    return found


@pytest.mark.parametrize("name", MODELS)
def test_c_on_this_machine_answers_as_predict(name: str, models: Any) -> None:
    require("gcc")
    model, bundle = models[name]
    x, _ = digits()
    native = native_model(open_bundle(bundle))
    found = [int(np.argmax(native.run((row[None],), shapes=[(1, 10)])[0])) for row in as_float32(x)]
    np.testing.assert_array_equal(found, model.predict(x))


@needs_qemu
@pytest.mark.qemu
@pytest.mark.parametrize("name", ["forest", "boosted"])
def test_firmware_answers_as_predict(name: str, models: Any) -> None:
    model, bundle = models[name]
    x, _ = digits()
    some = x[500:560]
    with board_engine(open_bundle(bundle), load_target("virtual-m4")) as (run, _):
        found = [int(np.argmax(run((((row[None]),),))[0])) for row in as_float32(some)]
    np.testing.assert_array_equal(found, model.predict(some))


def test_int8_trees_are_judged_on_labels(models: Any, tmp_path: Path) -> None:
    x, y = digits()
    np.savez(tmp_path / "set.npz", x=x, y=y)
    source = models["forest"][1].with_suffix(".joblib")
    options = ConvertOptions(calibration=tmp_path / "set.npz")
    done = convert(source, target="virtual-m0", output_dir=tmp_path / "b", options=options)
    assert done.manifest.recipe["precision"] == "int8"
    assert done.manifest.accuracy is not None
    assert done.manifest.accuracy.metric == "top1"
    assert abs(done.manifest.accuracy.before - done.manifest.accuracy.after) < 0.01
    assert done.manifest.inputs[0].dtype == "int8"


def test_data_of_another_width_is_refused(models: Any, tmp_path: Path) -> None:
    x, y = digits()
    np.savez(tmp_path / "set.npz", x=x[:, :60], y=y)
    source = models["forest"][1].with_suffix(".joblib")
    options = ConvertOptions(calibration=tmp_path / "set.npz")
    with pytest.raises(DataError) as caught:
        convert(source, target="virtual-m4", output_dir=tmp_path / "b", options=options)
    assert (caught.value.code, caught.value.found) == ("sample-shape", "shape [60]")
    assert "[64]" in caught.value.allowed


def test_the_command_line_warns_before_it_reads(models: Any, tmp_path: Path) -> None:
    source = models["forest"][1].with_suffix(".joblib")
    done = edgekit("inspect", source)
    assert done.code == 0
    assert "runs code that is stored in it: open only files that you trust" in done.err
    (tmp_path / "x.pkl").write_bytes(b"\x80\x04nothing")
    error = fails("convert", tmp_path / "x.pkl", "-t", "host", "-o", tmp_path / "b", exit_code=1,
                  code="damaged-model")  # fmt: skip
    assert "cannot be unpickled" in error["found"]


def test_trees_are_no_model_for_tensorflow_lite_micro(models: Any, tmp_path: Path) -> None:
    source = models["forest"][1].with_suffix(".joblib")
    fails("convert", source, "-t", "virtual-m4", "-o", tmp_path / "b", "--precision", "float32",
          "--format", "tflm", exit_code=1, code="tflm-operator")  # fmt: skip


@pytest.mark.parametrize(
    "asked",
    [
        *(("--precision", name) for name in ("int4", "w4a16", "float16", "dynamic", "binary")),
        *(("--precision", "auto"), ("--layer-precision", "*=int4"), ("--rounding", "gptq")),
        *(("--cluster", "16"), ("--prune", "0.5"), ("--compress-weights", "layer")),
    ],
)
def test_what_is_done_to_weights_is_refused_for_trees(
    asked: tuple[str, str], models: Any, tmp_path: Path
) -> None:
    for name in ("forest", "boosted"):
        source = models[name][1].with_suffix(".joblib")
        words = ("convert", source, "-t", "virtual-m4", *asked, "-o", tmp_path / "out")
        error = fails(*words, exit_code=2, code="trees-without-weights")
        assert error["subject"].startswith(asked[0])
        assert "no weights" in error["found"]
        assert error["allowed"] == "--precision int8, int16, float32"
        assert "leave it out" in error["hint"]


@pytest.mark.parametrize(
    "precision",
    ["int8", "int16", "int4", "w4a16", "float32", "float16", "dynamic", "auto"],
)
def test_linear_models_convert_in_every_precision(
    precision: str, models: Any, tmp_path: Path
) -> None:
    """As good as the float model to three points; with int4 weights to ten."""
    x, y = digits()
    np.savez(tmp_path / "data.npz", x=as_float32(x), y=y)
    options = ConvertOptions(
        precision=precision, calibration=str(tmp_path / "data.npz"), gate=False
    )
    target = "rpi4" if precision == "dynamic" else "virtual-m4"
    source = models["votes"][1].with_suffix(".joblib")
    made = convert(source, target=target, output_dir=tmp_path / "out", options=options)
    found = made.manifest.accuracy
    if precision == "float32":
        assert found is None
        return
    assert found is not None
    assert found.metric == "top1"
    lost = 0.1 if precision in ("int4", "w4a16") else 0.03
    assert found.after > found.before - lost


@pytest.mark.parametrize("precision", ["int8", "int16"])
def test_trees_in_integers_answer_nearly_as_in_floats(
    precision: str, models: Any, tmp_path: Path
) -> None:
    """What is lost is lost in rounding features: a value on a threshold may fall to either side."""
    x, y = digits()
    np.savez(tmp_path / "data.npz", x=as_float32(x), y=y)
    options = ConvertOptions(precision=precision, calibration=str(tmp_path / "data.npz"))
    source = models["forest"][1].with_suffix(".joblib")
    made = convert(source, target="virtual-m4", output_dir=tmp_path / "out", options=options)
    assert made.manifest.accuracy is not None
    assert (made.manifest.accuracy.agreement or 0.0) > 0.96


def test_one_bit_is_refused_for_a_linear_model(models: Any, tmp_path: Path) -> None:
    x, y = digits()
    np.savez(tmp_path / "data.npz", x=as_float32(x), y=y)
    source, data = models["votes"][1].with_suffix(".joblib"), tmp_path / "data.npz"
    words = ("convert", source, "-t", "virtual-m4", "--calibration", data, "--precision", "binary")
    error = fails(*words, "-o", tmp_path / "out", exit_code=1, code="no-binary-layer")
    assert "--precision int8 or auto" in error["hint"]
