"""The benchmark of LiteRT on a Pi over SSH: EdgeKit runs there and its results come home.

    provision -> push bundle and inputs -> the same measurement as on this machine, there -> runs

The generated C, where it was asked for too, follows as the runner (`bench_runner`).
"""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from typing import Any

import numpy as np

from edgekit.artifacts.figures import Note
from edgekit.artifacts.run import RunResult
from edgekit.deploy.bench import Measured, Progress
from edgekit.deploy.bench_host import not_for_litert
from edgekit.deploy.bench_options import BenchOptions
from edgekit.deploy.bench_runner import run_runner
from edgekit.deploy.bundles import Bundle
from edgekit.deploy.inputs import Inputs
from edgekit.deploy.keeper import Keeper
from edgekit.deploy.programs import launcher_for
from edgekit.deploy.provision import ensure
from edgekit.errors import UsageError, rebuilt
from edgekit.runtime.devices.bench_program import device_name
from edgekit.runtime.devices.remote import CLEAN, PUSH_S, Remote
from edgekit.runtime.runner.environment import HERE
from edgekit.targets.model import Target

REQUEST, INPUTS, BUNDLE = "request.json", "inputs.npz", "bundle"
"""Names in the folder on the device."""


def run_far(
    bundle: Bundle,
    target: Target,
    inputs: Inputs,
    options: BenchOptions,
    report: Progress,
    keeper: Keeper,
) -> Measured:
    """LiteRT there at each thread count, then the runner where asked for. Nothing but what
    `provision` makes, where it has not yet, stays. Raises UsageError for a bundle that LiteRT does
    not run."""
    if bundle.custom:
        raise UsageError(
            "--engine",
            not_for_litert(bundle).message,
            allowed="native",
            hint="leave --engine out, or convert with --binary-format portable",
            code="not-for-litert",
        )
    device = launcher_for(target, options.place)
    assert isinstance(device, Remote)
    there = ensure(device.name, progress=report)
    runs, notes = measured_there(device, there.python, bundle, inputs, options, report)
    if not options.runs("native"):
        return Measured(runs, notes=notes)
    native = run_runner(bundle, target, inputs, options, report, keeper)
    return replace(native, runs=(*runs, *native.runs), notes=(*notes, *native.notes))


def measured_there(
    device: Remote,
    python: str,
    bundle: Bundle,
    inputs: Inputs,
    options: BenchOptions,
    report: Progress,
) -> tuple[tuple[RunResult, ...], tuple[Note, ...]]:
    """Runs and notes of the EdgeKit behind `python` on the device.

    Raises what the measurement raises there, and DeviceError.
    """
    report(f"sending the bundle to {device.name}", 0, 1)
    with device.folder_for_us() as folder:
        archive = _archive(bundle, inputs, options)
        device.ask(f"tar -xf - -C {folder}", data=archive, seconds=PUSH_S)
        report(f"sending the bundle to {device.name}", 1, 1)
        module = "edgekit.deploy.bench_there"
        script = f'{CLEAN.format(folder)}; cd {folder}; "{python}" -m {module} {REQUEST}'
        with device.talking(script) as line:
            for text in line.lines():
                answer = json.loads(text)
                if "progress" in answer:
                    report(*answer["progress"])
                elif "error" in answer:
                    raise rebuilt(answer["error"])
                else:
                    return _results(device.name, answer)
    raise AssertionError("a line ends with an error")


def _results(name: str, answer: dict[str, Any]) -> tuple[tuple[RunResult, ...], tuple[Note, ...]]:
    from pydantic import TypeAdapter

    runs = TypeAdapter(tuple[RunResult, ...]).validate_python(answer["runs"])
    notes = TypeAdapter(tuple[Note, ...]).validate_python(answer["notes"])
    return tuple(_from(name, run) for run in runs), notes


def _from(name: str, run: RunResult) -> RunResult:
    """A run as told from here: what was "this machine" there has its name."""
    notes = (replace(note, subject=name) if note.subject == HERE else note for note in run.warnings)
    device = device_name(name, run.environment)
    return replace(run, device=device, warnings=tuple(notes))


def _archive(bundle: Bundle, inputs: Inputs, options: BenchOptions) -> bytes:
    """The bundle, its inputs and the request, as a tar file."""
    arrays = {
        f"{sample:04}_{index:02}": array
        for sample, row in enumerate(inputs.samples)
        for index, array in enumerate(row)
    }
    stored = io.BytesIO()
    np.savez(stored, **arrays)
    request = {
        "threads": options.threads,
        "batches": options.batches,
        "quick": options.quick,
        "cold": options.starts,
        "sustained": options.sustained,
        "inputs": len(bundle.graph.inputs),
        "description": inputs.description,
    }
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        tar.add(bundle.folder, BUNDLE)
        for name, data in ((INPUTS, stored.getvalue()), (REQUEST, json.dumps(request).encode())):
            row = tarfile.TarInfo(name)
            row.size = len(data)
            tar.addfile(row, io.BytesIO(data))
    return stream.getvalue()
