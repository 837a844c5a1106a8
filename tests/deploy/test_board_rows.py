"""Networks that keep states on a board: different inputs follow one another, as in verify."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.converter.interpret import run_in_a_row
from edgekit.converter.ir.ops import Padding
from edgekit.converter.options import ConvertOptions
from edgekit.converter.tflite.writer import write_tflite
from edgekit.deploy.boards import board, split_outputs
from edgekit.deploy.bundles import Bundle, open_bundle
from edgekit.deploy.convert import convert
from edgekit.deploy.verify import verify
from edgekit.errors import ProtocolError
from tests.converter.stream.test_stream_exact import ds_cnn
from tests.helpers.int8_graphs import Array
from tests.helpers.toolchains import require

pytestmark = pytest.mark.qemu


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A streaming network for a virtual Cortex-M4."""
    require("arm-none-eabi-gcc", "qemu-system-arm")
    folder = tmp_path_factory.mktemp("rows")
    (folder / "net.tflite").write_bytes(write_tflite(ds_cnn(Padding.SAME, "global_pool")))
    options = ConvertOptions(gate=False, stream=4)
    convert(folder / "net.tflite", target="virtual-m4", output_dir=folder / "out", options=options)
    return open_bundle(folder / "out")


def test_verify_plays_different_inputs_in_a_row_on_a_board(bundle: Bundle) -> None:
    found = verify(bundle.folder, board=True, samples=12)
    assert "of one input" not in found.inputs
    [result] = [row for row in found.engines if "QEMU" in row.engine]
    assert (result.inputs, result.inputs_equal) == (12, 12)
    assert found.verdict() is None


def test_a_row_goes_on_asked_twice_or_not_and_breaks_off_where_others_ran(bundle: Bundle) -> None:
    graph, size = bundle.graph, sum(tensor.bytes for tensor in bundle.manifest.outputs)
    rng = np.random.default_rng(0)
    shape = graph[graph.inputs[0]].shape
    steps = [rng.integers(-128, 128, shape).astype(np.int8) for _ in range(4)]
    wanted = [
        [r[name] for name in graph.outputs] for r in run_in_a_row(graph, [[x] for x in steps])
    ]
    with board(bundle, bundle.target(None)) as opened:
        extension = opened.dut.extension()
        extension.info()

        def outputs() -> list[Array]:
            return split_outputs(bundle, extension.read_output(size))

        for index, x in enumerate(steps):
            extension.write_input(x.tobytes())
            extension.follow(index)
            extension.follow(index)  # a reply that was lost
            for ours, theirs in zip(outputs(), wanted[index], strict=True):
                np.testing.assert_array_equal(ours.ravel(), theirs.ravel())
        with pytest.raises(ProtocolError, match="outside what the model has"):
            extension.follow(len(steps) + 1)
        extension.run(1)
        with pytest.raises(ProtocolError, match="outside what the model has"):
            extension.follow(len(steps))
