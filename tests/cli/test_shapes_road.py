"""A really trained network with real pictures, from its Keras file to every engine."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.helpers.command_line import ROOT, Done, edgekit, nothing_left_in, program, succeeds

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow (extra: convert)"
    ),
]
SAMPLE = ROOT / "samples" / "shapes"


def _shapes() -> ModuleType:
    """The module that draws the pictures."""
    spec = importlib.util.spec_from_file_location("shapes_sample", SAMPLE / "shapes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """A folder with `calibration`, `test` (pictures by class) and `bundle`, and what `convert`
    said: run once, as a program, so that TensorFlow's own words would show."""
    folder = tmp_path_factory.mktemp("shapes")
    _shapes().write(folder / "calibration", 120, seed=1)
    _shapes().write(folder / "test", 300, seed=2)
    done = program(
        "convert", SAMPLE / "shapes.keras", "-t", "virtual-m4", "-o", "bundle",
        "--calibration", "calibration", "--eval", "test",
        cwd=folder,
    )  # fmt: skip
    assert done.code == 0, done
    return folder, done


@pytest.fixture
def shapes(road: tuple[Path, Done]) -> Path:
    return road[0]


def _number(pattern: str, text: str) -> list[float]:
    found = re.search(pattern, text)
    assert found, (pattern, text)
    return [float(part) for part in found.groups()]


def test_tensorflow_keeps_quiet(road: tuple[Path, Done]) -> None:
    """Nothing on stderr but our own notes."""
    for line in road[1].err.splitlines():
        assert line.startswith(("info: ", "warning: ", "  ")), road[1].err
    assert "tensorflow" not in road[1].err.lower()


def test_the_network_stays_accurate(road: tuple[Path, Done]) -> None:
    before, after = _number(r"top-1 +([\d.]+) % float, ([\d.]+) % W8A8 \(\S*test", road[1].out)
    assert before > 85
    assert abs(before - after) <= 2
    assert _number(r"output SQNR +([\d.]+) dB", road[1].out)[0] > 15


def test_time_is_split_into_tensorflow_and_the_rest(road: tuple[Path, Done]) -> None:
    total, tensorflow, rest = _number(
        r"time +([\d.]+) s \(([\d.]+) s importing TensorFlow, ([\d.]+) s the rest\)", road[1].out
    )
    assert tensorflow > 0
    assert total == pytest.approx(tensorflow + rest, abs=0.11)


def test_preprocessing_was_found_and_shown(road: tuple[Path, Done]) -> None:
    assert re.search(r"input +int8 1x32x32x3, .*0\.\.1", road[1].out), road[1].out


@pytest.mark.parametrize("engine", ["litert", "reference", "c"])
def test_pictures_are_recognised(engine: str, shapes: Path) -> None:
    kinds = _shapes().CLASSES
    pictures = [sorted((shapes / "test" / kind).iterdir())[k] for kind in kinds for k in range(3)]
    words = ("run", shapes / "bundle", *pictures, "--engine", engine, "--json")
    answers = succeeds(*words).record
    right = sum(
        answer["top"][0][0] == picture.parent.name
        for answer, picture in zip(answers, pictures, strict=True)
    )
    assert right >= 14, [answer["top"][0] for answer in answers]


def test_the_engines_agree(shapes: Path) -> None:
    picture = next((shapes / "test" / "star").iterdir())
    values = [
        succeeds("run", shapes / "bundle", picture, "--engine", engine, "--json").record[0][
            "values"
        ]
        for engine in ("reference", "c", "litert")
    ]
    assert values[0] == values[1]
    assert np.abs(np.subtract(values[0], values[2])).max() <= 4 / 256


@pytest.mark.qemu
def test_verify_on_real_pictures_and_the_board(shapes: Path) -> None:
    words = ("verify", shapes / "bundle", "--samples", "6", "--data", shapes / "test", "--board")
    result = succeeds(*words, "--json").record
    ours = [engine for engine in result["engines"] if engine["must_equal"]]
    assert len(ours) == 2
    assert all((engine["inputs"], engine["inputs_equal"]) == (12, 12) for engine in ours)
    assert all(engine["bytes_different"] == 0 for engine in ours)


@pytest.mark.qemu
def test_bench_on_the_virtual_board(shapes: Path, desk: Path) -> None:
    words = ("bench", shapes / "bundle", "--data", shapes / "test", "-o", "report", "--json")
    record = succeeds(*words).record
    (run,) = record["runs"]
    assert (run["outputs_checked"], run["outputs_equal"]) == (3, 3)
    macs = record["bundle"]["macs"]
    assert 0.3 * macs < run["count_per_inference"] < 60 * macs
    assert [step["name"] for step in run["steps"]] == [
        step["name"] for step in record["bundle"]["steps"]
    ]


def test_the_same_bytes_every_time(shapes: Path, desk: Path) -> None:
    """TensorFlow's converter has a hand in this one."""
    words = ("convert", SAMPLE / "shapes.keras", "-t", "virtual-m4", "-o", "again", "-q")
    data = ("--calibration", shapes / "calibration", "--eval", shapes / "test")
    succeeds(*words, *data)
    first, second = (shapes / "bundle", Path("again"))
    for path in sorted(first.rglob("*")):
        if path.is_file():
            name = path.relative_to(first)
            assert path.read_bytes() == (second / name).read_bytes(), name


def test_wrong_scale_is_caught(shapes: Path, desk: Path) -> None:
    """0..255 where the network was trained on 0..1: a flag is obeyed, but not in silence."""
    words = ("convert", SAMPLE / "shapes.keras", "-t", "virtual-m4", "-o", "new", "--json")
    done = succeeds(*words, "--calibration", shapes / "calibration", "--scale", "1")
    assert "wrong-scale" in [note["code"] for note in done.record["manifest"]["warnings"]]
    assert done.record["manifest"]["accuracy"]["before"] < 0.6


def test_labels_of_the_folders_are_the_classes(shapes: Path) -> None:
    import json

    manifest = json.loads((shapes / "bundle" / "edgekit.json").read_text(encoding="utf-8"))
    assert tuple(manifest["labels"]) == _shapes().CLASSES


Damage = Callable[[bytes], bytes]


def _inner(data: bytes) -> bytes:
    """The archive is whole, the configuration in it is not."""
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[: len(content) // 2] if name == "config.json" else content)
    return out.getvalue()


def _weights(data: bytes) -> bytes:
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[:5000] if name.endswith(".h5") else content)
    return out.getvalue()


@pytest.mark.parametrize("damage", [_inner, _weights])
def test_damage_that_only_keras_sees(damage: Damage, desk: Path) -> None:
    Path("bad.keras").write_bytes(damage((SAMPLE / "shapes.keras").read_bytes()))
    with nothing_left_in(desk, desk.parent / "temporary"):
        done = edgekit("inspect", "bad.keras", "--json")
    error = done.record["error"]
    assert (done.code, done.err) == (1, ""), done
    assert error["code"] not in ("internal", "failure")
    assert error["subject"] == "bad.keras"
    assert "\n" not in error["found"]


def test_a_dynamic_input_of_keras_needs_a_size(desk: Path) -> None:
    """Height and width are open: the option that closes them is named, and works."""
    model = _open_size()
    model.save("open.keras")
    np.savez("data.npz", x=np.random.default_rng(0).random((40, 16, 16, 3), np.float32))
    words = ("convert", "open.keras", "-t", "virtual-m4", "--calibration", "data.npz", "-o", "new")
    done = edgekit(*words, "--no-gate", "--json")
    error = done.record["error"]
    assert done.code in (1, 2)
    assert "--input-size" in error["hint"] + error["allowed"], error
    assert not Path("new").exists()
    succeeds(*words, "--no-gate", "--input-size", "16")
    shutil.rmtree("new")


def _open_size() -> Any:
    from edgekit.converter.load.clock import Clock
    from edgekit.converter.load.keras import import_tensorflow

    layers = import_tensorflow(Clock()).keras.layers
    x = layers.Input((None, None, 3))
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(x))
    return import_tensorflow(Clock()).keras.Model(x, layers.Dense(3, activation="softmax")(y))
