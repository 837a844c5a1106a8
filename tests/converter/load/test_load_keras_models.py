"""Keras files, SavedModels and the zoo, through TensorFlow: all in one process, imported once."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.converter.ir.cost import graph_cost
from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.load import LoadedModel, ZooOptions, load_model
from edgekit.converter.load.recurrent import MOST_STEPS
from edgekit.converter.tflite import write_tflite
from edgekit.errors import EdgeKitError, UnsupportedError
from edgekit.litert import open_interpreter

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
    ),
]


@pytest.fixture(scope="module")
def tf() -> Any:
    from edgekit.converter.load.clock import Clock
    from edgekit.converter.load.keras import import_tensorflow

    return import_tensorflow(Clock())


def run(graph: Graph, *inputs: np.ndarray) -> list[np.ndarray]:
    return open_interpreter(write_tflite(graph), kernels="reference").run(list(inputs))


def failure(source: object, **options: Any) -> EdgeKitError:
    with pytest.raises(EdgeKitError) as caught:
        load_model(source, **options)  # type: ignore[arg-type]
    return caught.value


def picture(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).random((1, *shape), np.float32)


@pytest.fixture(scope="module")
def network(tf: Any) -> Any:
    """Convolution, batch norm, separable convolution, residual, global mean, softmax."""
    layers = tf.keras.layers
    tf.keras.utils.set_random_seed(1)
    image = layers.Input((16, 16, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="stem")(image)
    x = layers.BatchNormalization(name="norm")(x)
    y = layers.SeparableConv2D(4, 3, padding="same", activation="relu6", name="sep")(x)
    x = layers.Add(name="skip")([x, y])
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return tf.keras.Model(image, layers.Dense(2, activation="softmax", name="head")(x), name="net")


def save_keras(model: Any, folder: Path) -> Path:
    model.save(folder / "net.keras")
    return folder / "net.keras"


def save_h5(model: Any, folder: Path) -> Path:
    model.save(folder / "net.h5")
    return folder / "net.h5"


def save_folder(model: Any, folder: Path) -> Path:
    model.export(folder / "net", verbose=False)
    return folder / "net"


@pytest.mark.parametrize("save", [save_keras, save_h5, save_folder])
def test_every_format_gives_the_network_s_answers(
    network: Any, tmp_path: Path, save: Callable[[Any, Path], Path]
) -> None:
    loaded = load_model(save(network, tmp_path))
    assert loaded.graph.inputs == ("image",)
    x = picture(16, 16, 3)
    [answer] = run(loaded.graph, x)
    assert answer == pytest.approx(network.predict(x, verbose=0), abs=1e-5)
    assert {"import_tensorflow", "load", "convert", "read"} == set(loaded.timings)
    assert len(loaded.sha256) == 64


def test_layers_keep_their_names(network: Any, tmp_path: Path) -> None:
    names = [node.name for node in load_model(save_keras(network, tmp_path)).graph.nodes]
    assert {"stem", "sep", "skip", "mean", "head"} <= set(names)


@pytest.mark.parametrize(
    ("name", "macs", "output"),
    [
        ("mlperf_vww_96", 7_489_664, (1, 2)),
        ("mlperf_resnet8_cifar10", 12_501_632, (1, 10)),
        ("mlperf_ad01", 264_192, (1, 640)),
        ("mobilenet_v1_0.25_224_keras", None, (1, 1000)),
    ],
)
def test_keras_2_files(
    test_data: Path, tf: Any, name: str, macs: int | None, output: tuple[int, ...]
) -> None:
    loaded = load_model(test_data / "models" / f"{name}.h5")
    graph = loaded.graph
    assert graph[graph.outputs[0]].shape == output
    assert macs in (None, graph_cost(graph).macs)
    x = np.random.default_rng(2).random(graph[graph.inputs[0]].shape, np.float32)
    [answer] = run(graph, x)
    assert answer == pytest.approx(_predict(tf, test_data, name, x), abs=1e-4)
    depthwise = any(node.op.NAME == "DEPTHWISE_CONV_2D" for node in graph.nodes)
    assert loaded.notes == _OLDER if depthwise else loaded.notes == ()


_OLDER = ("arguments of older Keras ignored: DepthwiseConv2D.groups",)


def _predict(tf: Any, test_data: Path, name: str, x: np.ndarray) -> np.ndarray:
    class DepthwiseConv2D(tf.keras.layers.DepthwiseConv2D):  # type: ignore[misc, name-defined]
        def __init__(self, *args: Any, groups: int = 1, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)

    model = tf.keras.models.load_model(
        test_data / "models" / f"{name}.h5",
        compile=False,
        custom_objects={"DepthwiseConv2D": DepthwiseConv2D},
    )
    answer: np.ndarray = model.predict(x, verbose=0)
    return answer


def test_open_sizes_need_an_input_size(tf: Any, tmp_path: Path) -> None:
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            layers.Input((None, None, 3)),
            layers.Conv2D(4, 3),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )
    for path in (save_keras(model, tmp_path), save_folder(model, tmp_path)):
        error = failure(path)
        assert (type(error), error.code) == (UnsupportedError, "dynamic-shape")
        graph = load_model(path, input_size=(24, 32)).graph
        assert graph[graph.inputs[0]].shape == (1, 24, 32, 3)
        assert graph.inputs[0].startswith("input")


def test_several_inputs_and_outputs(tf: Any, tmp_path: Path) -> None:
    layers = tf.keras.layers
    a, b = layers.Input((8,), name="a"), layers.Input((8,), name="b")
    both = layers.Add(name="both")([layers.Dense(4)(a), layers.Dense(4)(b)])
    model = tf.keras.Model([a, b], [both, layers.Dense(2, name="second")(both)])
    x, y = picture(8), picture(8) * 2
    expected = model.predict([x, y], verbose=0)
    for path in (save_keras(model, tmp_path), save_folder(model, tmp_path)):
        graph = load_model(path).graph
        assert graph.inputs == ("a", "b")
        for ours, theirs in zip(run(graph, x, y), expected, strict=True):
            assert ours == pytest.approx(theirs, abs=1e-5)


def test_constants_that_layers_share_become_their_own_biases(tf: Any, tmp_path: Path) -> None:
    """TensorFlow merges equal constants; fresh layers all have zero biases."""
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [layers.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.ReLU(), layers.Conv2D(4, 3)]
    )
    graph = load_model(save_keras(model, tmp_path)).graph
    biases = [node.inputs[2] for node in graph.nodes if node.op.NAME == "CONV_2D"]
    assert len(set(biases)) == 2


def test_models_that_cannot_be_used_say_why(tf: Any, tmp_path: Path) -> None:
    layers = tf.keras.layers

    class Mystery(layers.Layer):  # type: ignore[misc, name-defined]
        def call(self, x: Any) -> Any:
            return x * 2

    def saved(name: str, *body: Any, shape: tuple[int, ...] = (8, 8, 4)) -> Path:
        model = tf.keras.Sequential([layers.Input(shape), *body])
        model.save(tmp_path / name)
        return tmp_path / name

    volume = failure(saved("a.keras", layers.Conv3D(4, 3), shape=(6, 6, 6, 2)))
    assert volume.code == "unsupported-operator"
    assert "CONV_3D" in volume.found
    loop = failure(saved("b.keras", layers.LSTM(3), shape=(MOST_STEPS + 1, 8)))
    assert "WHILE" in loop.found
    assert "unroll" in loop.hint
    assert failure(saved("d.keras", layers.Lambda(lambda x: x * 2))).code == "lambda-layer"
    custom = failure(saved("e.keras", Mystery()))
    assert (custom.code, custom.found) == ("custom-class", "uses the custom class Mystery")
    tf.keras.Sequential([layers.Dense(1)]).save(tmp_path / "f.keras")
    assert failure(tmp_path / "f.keras").code == "unbuilt-model"


def test_damaged_files_and_folders(network: Any, tf: Any, tmp_path: Path) -> None:
    path = save_h5(network, tmp_path)
    data = bytearray(path.read_bytes())
    for index in range(3000, len(data), 97):
        data[index] ^= 255
    path.write_bytes(bytes(data))
    error = failure(path)
    assert error.code == "load-failed"
    assert "TensorFlow cannot load it" in error.found
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "saved_model.pb").write_bytes(b"junk" * 10)
    assert failure(tmp_path / "bad").code == "load-failed"
    tf.saved_model.save(tf.Module(), str(tmp_path / "mute"))
    mute = failure(tmp_path / "mute")
    assert (mute.code, "has none" in mute.found) == ("no-signature", True)


def test_saved_models_that_only_tensorflow_1_loads(
    tf: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras 2 wrote folders whose objects no longer load; their graph and variables do."""
    from edgekit.converter.load import saved_model
    from edgekit.errors import ModelError

    v1 = tf.compat.v1
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, (None, 6), name="x")
        weights = v1.get_variable("w", initializer=np.full((6, 2), 0.5, np.float32))
        y = tf.nn.relu(tf.add(tf.matmul(x, weights), [-1.0, -1.0]))
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, str(tmp_path / "old"), {"x": x}, {"y": y})

    def broken(*_: object) -> None:
        raise ModelError("old", "'_UserObject' object has no attribute 'add_slot'")

    monkeypatch.setattr(saved_model, "_serving", broken)
    graph = load_model(tmp_path / "old").graph
    x = picture(6)
    [answer] = run(graph, x)
    assert answer == pytest.approx(np.maximum(x @ np.full((6, 2), 0.5) - 1, 0), abs=1e-5)


ZOO_CASES = [
    ("mobilenet_v1", ZooOptions(alpha=0.25, classes=10), (96, 96)),
    ("mobilenet_v2", ZooOptions(alpha=0.35, classes=10), (96, 96)),
    ("squeezenet", ZooOptions(alpha=0.5, classes=10), (64, 96)),
]


def zoo(name: str, options: ZooOptions, size: tuple[int, int] | None = None) -> LoadedModel:
    return load_model(name, zoo=options, input_size=size)


@pytest.mark.parametrize(("name", "options", "size"), ZOO_CASES)
def test_zoo_models(name: str, options: ZooOptions, size: tuple[int, int]) -> None:
    loaded = zoo(name, options, size)
    graph = loaded.graph
    assert (loaded.architecture, loaded.input_range) == (name, (-1.0, 1.0))
    assert graph[graph.inputs[0]].shape == (1, *size, 3)
    assert "random weights (seed 0)" in loaded.notes[0]
    [answer] = run(graph, picture(*size, 3))
    assert answer.shape == (1, 10)
    assert answer.sum() == pytest.approx(1, abs=1e-4)


def test_random_weights_follow_the_seed() -> None:
    small = (32, 32)
    first, again = (zoo("mobilenet_v1", ZooOptions(alpha=0.25, classes=4), small) for _ in "ab")
    other = zoo("mobilenet_v1", ZooOptions(alpha=0.25, classes=4, seed=1), small)
    assert first.sha256 == again.sha256 != other.sha256
    name = first.graph.nodes[0].inputs[1] or ""
    weights = [loaded.graph[name].values.tobytes() for loaded in (first, again, other)]
    assert weights[0] == weights[1] != weights[2]


def test_given_weights_are_used(test_data: Path) -> None:
    """The weights file and the float .tflite of the same network give the same classes."""
    weights = test_data / "models" / "mobilenet_v1_0.25_128_keras.weights.h5"
    loaded = zoo("mobilenet_v1", ZooOptions(alpha=0.25, weights=weights), (128, 128))
    assert loaded.notes == ()
    other = load_model(test_data / "models" / "mobilenet_v1_0.25_128_float.tflite").graph
    x = picture(128, 128, 3) * 2 - 1
    [ours], [theirs] = run(loaded.graph, x), run(other, x)
    assert ours[0] == pytest.approx(theirs[0][1:], abs=1e-4)


def test_weights_that_do_not_fit(test_data: Path, network: Any, tmp_path: Path) -> None:
    weights = test_data / "models" / "mobilenet_v1_0.25_128_keras.weights.h5"
    error = failure("mobilenet_v1", zoo=ZooOptions(alpha=0.5, weights=weights))
    assert error.code == "weights-mismatch"
    assert "(3, 3, 3, 8) in the file where (3, 3, 3, 16) is needed" in error.found
    other = failure("squeezenet", zoo=ZooOptions(weights=save_keras(network, tmp_path)))
    assert other.code == "weights-mismatch"
    missing = failure("squeezenet", zoo=ZooOptions(weights=tmp_path / "none.h5"))
    assert missing.code == "model-missing"


@pytest.mark.parametrize(
    ("options", "size", "code"),
    [
        (ZooOptions(alpha=0.0), None, "alpha"),
        (ZooOptions(alpha=9.0), None, "alpha"),
        (ZooOptions(classes=0), None, "classes"),
        (ZooOptions(), (16, 96), "input-size"),
    ],
)
def test_zoo_options_out_of_range(
    options: ZooOptions, size: tuple[int, int] | None, code: str
) -> None:
    error = failure("mobilenet_v1", zoo=options, input_size=size)
    assert error.code == code
    assert error.allowed
    assert error.hint


def test_everything_from_keras_is_float32(network: Any, tmp_path: Path) -> None:
    graph = load_model(save_keras(network, tmp_path)).graph
    dtypes = {tensor.dtype for tensor in graph.tensors.values()}
    assert dtypes <= {DType.FLOAT32, DType.INT32}
