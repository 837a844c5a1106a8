"""run_host: what it keeps, what it refuses, and that its memory is the engine's own."""

from __future__ import annotations

import subprocess
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.run import RunResult
from edgekit.errors import (
    DataError,
    EdgeKitError,
    MissingExtraError,
    ModelError,
    UsageError,
    rebuilt,
)
from edgekit.runtime.measure.timing import Effort
from edgekit.runtime.runner import host, host_child
from edgekit.runtime.runner.host import run_host
from tests.helpers.tiny_tflite import add_one_model

BRIEF = Effort(warmup_s=0.0, seconds=0.0, fewest=12, most=12)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "model.tflite").write_bytes(add_one_model())
    return folder


@pytest.fixture(scope="module")
def result(bundle: Path) -> RunResult:
    ballast = np.ones(40_000_000)  # 320 MB here must not show up in the child's peak
    answer = run_host(bundle, threads=1, batches=(1, 4), effort=BRIEF)
    assert ballast[0] == 1
    return answer


def test_every_sample_is_kept_and_named(result: RunResult) -> None:
    assert len(result.latency_s) == 12
    assert [row.batch for row in result.batches] == [1, 4]
    assert result.batches[0].seconds == result.latency_s
    assert min(result.latency_s) > 0
    assert result.warmup == 1
    assert result.sustained == ()
    assert result.provenance is Provenance.MEASURED
    assert result.device.startswith("host ")
    assert "ai_edge_litert" in result.engine
    assert {"cpu", "cores", "python", "os", "load_average"} <= result.environment.keys()


def test_a_sustained_run_follows_in_windows(bundle: Path) -> None:
    answer = run_host(bundle, effort=BRIEF, sustained=0.1)
    assert len(answer.sustained) == 20
    assert all(w.inferences > 0 and w.busy_s <= w.seconds for w in answer.sustained)


def test_peak_memory_is_the_childs_own(result: RunResult) -> None:
    assert 0 < result.memory["rss_before_model"] <= result.memory["peak_rss"] < 250e6


def test_samples_of_a_very_short_model_are_means_and_say_so(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_child, "calls_per_sample", lambda seconds, reading: 7)
    request = {
        "model": str(bundle / "model.tflite"), "threads": 1, "batches": [1, 2], "sustained": 0.0,
        "kernels": "default", "provider": None, "effort": asdict(BRIEF),
    }  # fmt: skip
    found = host_child.measure(request)
    assert len(found.latency_s) == BRIEF.most
    (note,) = [note for note in found.warnings if note.code == "samples-averaged"]
    assert "each sample is the mean of 7 inferences" in note.message
    assert note.level == "info"


def test_few_samples_are_said_so(result: RunResult) -> None:
    assert "few-timings" in [note.code for note in result.warnings]


def test_given_inputs_are_used_and_repeated_for_a_batch(bundle: Path) -> None:
    inputs = [np.zeros((1, 4), np.float32)]
    answer = run_host(bundle / "model.tflite", inputs=inputs, batches=(1, 2), effort=BRIEF)
    assert len(answer.batches) == 2


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ([np.zeros((1, 5), np.float32)], "input-shape"),
        ([np.zeros((1, 4), np.int8)], "input-shape"),
        ([], "input-count"),
        ([np.array([None])], "input-dtype"),
    ],
)
def test_inputs_that_do_not_fit(bundle: Path, inputs: list[np.ndarray], code: str) -> None:
    with pytest.raises(DataError) as caught:
        run_host(bundle, inputs=inputs, effort=BRIEF)
    assert caught.value.code == code


@pytest.mark.parametrize("batches", [(), (0,), (1, -2)])
def test_batches_that_make_no_sense(bundle: Path, batches: tuple[int, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        run_host(bundle, batches=batches)
    assert caught.value.code == "batches"


def test_errors_cross_the_process_border(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read") as caught:
        run_host(tmp_path)
    assert caught.value.code == "model-missing"
    assert caught.value.subject == str(tmp_path / "model.tflite")


def test_an_unknown_provider_crosses_it_too(bundle: Path) -> None:
    with pytest.raises(UsageError, match=r"ai_edge_litert, tflite_runtime, tf\.lite"):
        run_host(bundle, provider="onnx")


def test_a_missing_extra_keeps_its_advice() -> None:
    error = rebuilt(MissingExtraError("ai_edge_litert", "litert", "running").as_record())
    assert isinstance(error, MissingExtraError)
    assert "edgekit-sdk[litert]" in str(error)


def _done(code: int, out: str = "", err: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess([], code, out, err)


def test_a_crash_is_a_model_error() -> None:
    with pytest.raises(ModelError, match=r"crashes the interpreter \(signal 11\)") as caught:
        host._result(_done(-11), "m.tflite")
    assert caught.value.code == "interpreter-crashed"


def test_an_ending_without_a_result_is_told() -> None:
    with pytest.raises(EdgeKitError, match="without a result: KeyError: 'x'") as caught:
        host._result(_done(1, "", "Traceback\nKeyError: 'x'\n"), "m.tflite")
    assert caught.value.code == "host-runner"


def test_a_batch_the_model_refuses_is_a_note_not_a_failure(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgekit.errors import UnsupportedError

    def refuse(request: object, batch: int | None) -> object:
        raise UnsupportedError(
            "m", "cannot run with batch size 8", hint="use 1", code="fixed-batch"
        )

    monkeypatch.setattr(host_child, "_open", refuse)
    rows, notes = host_child._other_batches({"batches": [1, 8]}, 1, BRIEF)
    assert rows == []
    assert [(note.code, note.subject, note.advice) for note in notes] == [
        ("fixed-batch", "batch 8", "use 1")
    ]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "float32", "int32", "bool"])
def test_random_inputs_fit_any_dtype_and_repeat(dtype: str) -> None:
    from edgekit.litert import TensorDetails

    row = TensorDetails(0, "x", (3, 5), dtype)
    first, second = (host_child._inputs([row], None)[0] for _ in range(2))
    assert first.dtype == dtype
    assert first.shape == (3, 5)
    np.testing.assert_array_equal(first, second)
