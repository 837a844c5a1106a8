"""--precision float16: half the weights in the file and in flash, the same arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import edgekit as sdk
from edgekit.converter.options import ConvertOptions
from edgekit.converter.tflite.writer import write_tflite
from edgekit.deploy.bench_options import BenchOptions
from edgekit.errors import UsageError
from tests.helpers.command_line import fails, succeeds
from tests.helpers.float_graphs import classifier
from tests.helpers.virtual_firmware import needs_qemu

WORDS = ("convert", "floats.tflite", "-o", "new", "-t", "virtual-m4", "--precision", "float16")


@pytest.fixture
def model(desk: Path) -> Path:
    Path("floats.tflite").write_bytes(write_tflite(classifier()))
    return desk


def test_the_bundle_says_what_was_halved(model: Path) -> None:
    made = succeeds(*WORDS, "--json").record["manifest"]
    assert made["recipe"]["precision"] == "float16"
    assert made["recipe"]["widths"] == "W16A32"
    assert made["coding"]["mode"] == "layer"
    assert {array["form"] for array in made["coding"]["arrays"]} <= {"half", "raw"}
    assert made["coding"]["weight_bytes"] < 0.7 * made["coding"]["raw_bytes"]
    whole = succeeds(*WORDS[:-1], "float32", "-o", "whole", "--json").record["manifest"]
    assert made["sizes"]["weights"] < whole["sizes"]["weights"]
    assert made["coding"]["raw_bytes"] == whole["sizes"]["weights"]
    assert made["operators"]["DEQUANTIZE"] == 6
    assert not {"calibration", "bias_correction"} & set(made["recipe"])


def test_without_data_nothing_is_judged_and_with_data_it_is(model: Path) -> None:
    done = succeeds(*WORDS)
    assert "what the change costs in accuracy was not checked" in done.out + done.err
    data = np.random.default_rng(0).random((20, 8, 8, 3)).astype(np.float32)
    options = ConvertOptions(precision="float16", evaluation=data)
    found = sdk.convert("floats.tflite", target="host", output_dir="judged", options=options)
    assert found.manifest.accuracy is not None
    assert found.manifest.accuracy.after == 1.0
    assert found.manifest.accuracy.sqnr_db > 40


@pytest.mark.parametrize("mode", ["layer", "boot"])
def test_the_generated_c_is_proved(mode: str, model: Path) -> None:
    succeeds(*WORDS, "--compress-weights", mode)
    result = sdk.verify("new", samples=4)
    assert result.proved
    [native] = [row for row in result.engines if row.engine.startswith("edgekit-c")]
    assert native.inputs_equal == native.inputs


@needs_qemu
@pytest.mark.qemu
@pytest.mark.parametrize("board", ["virtual-m0", "virtual-m4"])
def test_boards_agree_and_the_decoder_takes_what_was_estimated(board: str, model: Path) -> None:
    made = succeeds(*WORDS, "-t", board, "--json").record["manifest"]
    report = sdk.bench("new", options=BenchOptions(quick=True, samples=2))
    [run] = report.runs
    assert run.outputs_equal == run.outputs_checked == 2
    counted = sum(step.count for step in run.steps if step.operator == "DECODE")
    estimate = made["coding"]["decode_instructions"]
    assert estimate / 1.5 <= counted <= estimate * 1.5


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--cluster", "16"), "weights of integer layers, and --precision float16 has none"),
        (("--layer-precision", "fc=int4"), "--precision float16 quantizes none"),
        (("--ranges", "mse"), "mse is for integer activations, and --precision float16 keeps them"),
        (("--rounding", "gptq"), "gptq is for integer activations, and --precision float16 keeps"),
    ],
)
def test_choices_that_say_nothing_here_are_refused(
    words: tuple[str, ...], told: str, model: Path
) -> None:
    error = fails(*WORDS, *words, exit_code=2, code="bad-option")
    assert told in error["found"]


def test_float16_of_a_quantized_model_asks_for_requantize(model: Path) -> None:
    data = np.random.default_rng(0).random((20, 8, 8, 3)).astype(np.float32)
    options = ConvertOptions(calibration=data, gate=False)
    sdk.convert("floats.tflite", target="host", output_dir="codes", options=options)
    with pytest.raises(UsageError) as caught:
        sdk.convert(
            "codes/model.tflite",
            target="host",
            output_dir="again",
            options=ConvertOptions(precision="float16"),
        )
    assert caught.value.code == "precision-quantized"
    assert str(caught.value).startswith("--precision float16")
