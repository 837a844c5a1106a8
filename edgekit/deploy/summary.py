"""The rows `convert` prints when it is done."""

from __future__ import annotations

from collections.abc import Iterator

from edgekit.artifacts.bundle import AccuracySummary, Manifest, MemorySummary, RamBudget
from edgekit.converter.plan.picture import block_text
from edgekit.deploy.convert import Converted
from edgekit.deploy.pruned import pruning_rows
from edgekit.deploy.stored import coding_rows
from edgekit.deploy.streaming import streaming_rows
from edgekit.units import bytes_text, count_text, percent, si

METRICS = {"top1": "top-1", "auc": "AUC", "agreement": "agreement", "sqnr": "kept power"}


def conversion_rows(result: Converted) -> list[tuple[str, str]]:
    """(what, value) pairs: source, target, data, accuracy, sizes, time."""
    manifest = result.manifest
    rows = [
        ("model", f"{manifest.source['name']} ({manifest.source['format']})"),
        ("target", f"{result.target.name}: {result.target.title}"),
        ("input", _input(manifest)),
    ]
    if "calibration" in manifest.recipe:
        rows.append(("calibration", str(manifest.recipe["calibration"])))
    if manifest.accuracy is not None:
        form = manifest.recipe.get("widths") or manifest.recipe["precision"]
        was, now = ("float", str(form))
        if "quantized_by" in manifest.recipe:
            was, now = "as it came", "now"
        rows += _accuracy(manifest.accuracy, was, now)
    rows += _sizes(manifest)
    rows.append(("fits", _fit(result)))
    rows += _speed(result)
    rows.append(("time", _time(result)))
    return rows


def _input(manifest: Manifest) -> str:
    tensor = manifest.inputs[0]
    shape = "x".join(map(str, tensor.shape))
    text = f"{tensor.dtype} {shape}"
    if manifest.preprocess is not None:
        from edgekit.converter.data.guess import describe

        text += f", {describe(manifest.preprocess)}"
    return text


def _accuracy(summary: AccuracySummary, was: str, now: str) -> list[tuple[str, str]]:
    name = METRICS.get(summary.metric, summary.metric)
    if summary.metric == "agreement":
        value = f"{percent(summary.after)} of answers equal those of the model before"
        if was == "float":
            value = f"{percent(summary.after)} of answers equal the float model's"
    else:
        value = f"{percent(summary.before)} {was}, {percent(summary.after)} {now}"
    rows = [(name, f"{value} ({summary.data})")]
    if summary.auc is not None:
        rows.append(("AUC", f"{summary.auc[0]:.4f} {was}, {summary.auc[1]:.4f} {now}"))
    if summary.sqnr_db is not None:
        rows.append(("output SQNR", f"{summary.sqnr_db:.1f} dB"))
    return rows


def _sizes(manifest: Manifest) -> list[tuple[str, str]]:
    rows = [
        ("MACs", count_text(manifest.macs)),
        ("model.tflite", bytes_text(manifest.model_bytes)),
    ]
    if manifest.memory is not None:
        arena, bound = manifest.memory.arena_bytes, manifest.memory.lower_bound
        rows.append(("arena", f"{count_text(arena)} B (lower bound {count_text(bound)} B)"))
        rows += [("", block_text(manifest.memory, b)) for b in manifest.memory.blocks]
        if manifest.memory.budget is not None:
            rows.append(("RAM budget", _budget(manifest.memory, manifest.memory.budget)))
    if "weights" in manifest.sizes:
        constants = bytes_text(manifest.sizes["constants"])
        rows.append(("C data", f"{bytes_text(manifest.sizes['weights'])} weights + {constants}"))
    if manifest.streaming is not None:
        rows += streaming_rows(manifest.streaming)
    if manifest.pruning is not None:
        rows += pruning_rows(manifest.pruning)
    if manifest.coding is not None:
        rows += coding_rows(manifest.coding)
    return rows


def _budget(memory: MemorySummary, budget: RamBudget) -> str:
    text = f"{count_text(budget.bytes)} B"
    if not memory.cascades:
        return f"{text}: kept as it is"
    parts = f"{len(memory.cascades)} part{'s' if len(memory.cascades) > 1 else ''} in stripes"
    before = f"instead of an arena of {count_text(budget.arena_before)} B"
    return f"{text}: {parts} {before}, {budget.price}"


def _fit(result: Converted) -> str:
    memory, target = result.manifest.memory, result.target
    if memory is None or target.family != "cortex-m" or not target.memories:
        return "no limit stated"
    flash = result.manifest.sizes["weights"] + result.manifest.sizes["constants"]
    ram = memory.arena_bytes + target.stack_bytes
    return (
        f"flash {bytes_text(flash)} of data + code in {bytes_text(target.total('flash'))}, "
        f"RAM {bytes_text(ram)} with stack in {bytes_text(target.total('ram'))}"
    )


def _speed(result: Converted) -> Iterator[tuple[str, str]]:
    """Time and energy of one inference before anything ran, where the target has a basis."""
    steps, target = result.manifest.steps, result.target
    instructions = sum(step.estimate for step in steps)
    seconds = target.seconds_per_instruction
    if not instructions or seconds is None or not all(step.estimate for step in steps):
        return
    latency = instructions * seconds
    text = f"about {si(latency, 's')} at {si(target.clock_hz, 'Hz')}"
    if target.power is not None and target.power.active_mw is not None:
        text += f", {si(latency * target.power.active_mw / 1e3, 'J')}"
    yield (
        "estimate",
        f"{text}: {count_text(instructions)} instructions by the cost model,"
        f" {target.cpu.cycles_per_instruction:g} cycles each",
    )


def _time(result: Converted) -> str:
    total = result.timings["total"]
    tensorflow = result.timings.get("import_tensorflow", 0.0)
    text = f"{total:.1f} s"
    if tensorflow:
        text += f" ({tensorflow:.1f} s importing TensorFlow, {total - tensorflow:.1f} s the rest)"
    return text
