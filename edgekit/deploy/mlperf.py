"""`edgekit bench --mlperf`: a board by the rules of MLPerf Tiny's closed division.

Only the commands of the reference firmware are spoken, so boards of other makers run too.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from edgekit.artifacts.answers import AnswerLog
from edgekit.artifacts.figures import Note, Provenance
from edgekit.artifacts.files import check_writable
from edgekit.artifacts.mlperf import MlperfRecord
from edgekit.artifacts.report import Report
from edgekit.deploy.bundles import Bundle, open_bundle
from edgekit.deploy.claims import claimed, claims
from edgekit.deploy.mlperf_board import MlperfBoard, mlperf_board
from edgekit.deploy.mlperf_energy import MlperfEnergy, energy
from edgekit.deploy.mlperf_modes import (
    accuracy,
    answer_conditions,
    performance,
    samples_of,
    throughput,
)
from edgekit.deploy.mlperf_report import mlperf_report
from edgekit.errors import DeviceError, UsageError, Verdict
from edgekit.runtime.mlperf.dataset import SampleSet
from edgekit.runtime.mlperf.rules import MODES, Facts, judge
from edgekit.runtime.mlperf.windows import QUICK_WINDOW_S, WINDOW_S, Progress
from edgekit.runtime.power.meter import Meter
from edgekit.runtime.power.names import make_meter
from edgekit.runtime.report.write import write_report
from edgekit.targets.model import Target
from edgekit.targets.reader import load_target


@dataclass(frozen=True, slots=True)
class MlperfOptions:
    """What to run. `data` is a folder in the official layout; `files` limits accuracy mode to about
    so many of its files; `model_id` goes into the firmware of a virtual board; `resume` goes on
    with an accuracy run that broke off and is kept in the folder of the report; a board or meter
    that another run uses is waited for, `wait_s` seconds."""

    mode: str = "performance"
    data: Path | None = None
    port: str | None = None
    baud: int | None = None
    power: str | None = None
    model_id: str = ""
    files: int | None = None
    quick: bool = False
    resume: bool = False
    wait_s: float = 0.0


def bench_mlperf(
    bundle: str | Path | None = None,
    *,
    target: str | Target | None = None,
    options: MlperfOptions | None = None,
    output_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Run one mode and return the report, written to `output_dir`; see `verdict`.

    Without a bundle `options.port` names a board with anyone's MLPerf Tiny firmware; with one, the
    target's virtual board runs it. Raises UsageError, ModelError, DataError, DeviceError,
    ToolError, MeterError and OutputError.
    """
    chosen = options or MlperfOptions()
    _check(chosen)
    opened = open_bundle(bundle) if bundle is not None else None
    profile = _profile(opened, target)
    if output_dir is not None:
        check_writable(Path(output_dir))
    tell: Progress = progress or (lambda stage, done, total: None)
    mine = claims(port=chosen.port, power=chosen.power)
    what = f"bench --mlperf, {chosen.mode} mode"
    with ExitStack() as stack:
        stack.enter_context(claimed(mine, what, wait_s=chosen.wait_s, progress=tell))
        meter = make_meter(chosen.power, profile) if chosen.power else None
        if meter is not None:  # the board may get its power from it
            stack.enter_context(meter)
        tell("building and booting", 0, 1)
        board = stack.enter_context(
            mlperf_board(
                opened, profile, port=chosen.port, baud=chosen.baud, model_id=chosen.model_id
            )
        )
        tell("building and booting", 1, 1)
        data = samples_of(board, chosen.data)
        folder = None if output_dir is None else Path(output_dir)
        found = log = None
        if chosen.mode == "accuracy":
            report, log = _accuracy(opened, board, data, chosen, folder, tell)
        else:
            report, found = _timed(opened, board, data, meter, chosen, tell)
    if folder is not None:
        # As written it names the recording beside it by its hash.
        report = write_report(report, folder, trace=found.trace if found else None).record
    if log is not None:
        log.done()
    return report


def verdict(report: Report) -> Verdict | None:
    """The error to raise (exit 3) where the result would not qualify."""
    record = report.mlperf
    if record is None or record.qualifies:
        return None
    unmet = [rule for rule in record.rules if not rule.met]
    broken = [f"{rule.sentence} ({rule.found})" for rule in unmet]
    return Verdict(
        f"{record.benchmark}, {record.mode} mode",
        f"would not qualify; not met: {'; '.join(broken)}",
        hint=f"each rule has a page: edgekit explain mlperf-{unmet[0].name}",
        code="mlperf-not-qualified",
    )


def _accuracy(
    bundle: Bundle | None,
    board: MlperfBoard,
    data: SampleSet,
    options: MlperfOptions,
    folder: Path | None,
    tell: Progress,
) -> tuple[Report, AnswerLog]:
    """The report, and the answers that were kept in `folder` while they came."""
    begin = AnswerLog.resume if options.resume else AnswerLog.begin
    log = begin(folder, answer_conditions(board, data))
    earlier = len(log.found)
    try:
        found = accuracy(board, data, options.files, log, tell)
    except DeviceError as error:
        if folder is None:
            raise
        hint = f"{error.hint}; then go on with the same command and --resume"
        raise type(error)(
            error.subject, error.found, allowed=error.allowed, hint=hint, code=error.code
        ) from error
    facts = Facts(options.mode, board.provenance, board.device.link, score=found)
    record = _with(_record(board, data, options), facts, score=found)
    report = mlperf_report(bundle, board, record)
    if not earlier:
        return report, log
    text = f"{earlier} of the {found.files} files were answered in a run that broke off"
    note = Note("mlperf-resumed", record.benchmark, text, level="info")
    return replace(report, warnings=(*report.warnings, note)), log


def _record(board: MlperfBoard, data: SampleSet, options: MlperfOptions) -> MlperfRecord:
    return MlperfRecord(
        benchmark=board.benchmark.id,
        mode=options.mode,
        vendor=board.identity.vendor,
        firmware=board.identity.profile,
        link=board.device.link,
        clock=board.clock,
        data=f"{len(data.samples)} files of {data.folder.name}",
        provenance=board.provenance,
    )


def _timed(
    bundle: Bundle | None,
    board: MlperfBoard,
    data: SampleSet,
    meter: Meter | None,
    options: MlperfOptions,
    tell: Progress,
) -> tuple[Report, MlperfEnergy | None]:
    window_s = QUICK_WINDOW_S if options.quick else WINDOW_S
    record = _record(board, data, options)
    if meter is None:
        windows = performance(board, data, window_s, tell)
        facts = Facts(options.mode, board.provenance, record.link, windows)
        rate = throughput(windows)
        return _told(bundle, board, _with(record, facts, windows=windows, throughput=rate), None)
    found = energy(board, meter, data, window_s, tell)
    result = found.result
    facts = Facts(
        options.mode,
        _weaker(board.provenance, result.provenance),
        record.link,
        found.windows,
        source=result.windows[0].source,
        lost=result.lost_samples,
    )
    record = _with(
        record,
        facts,
        windows=found.windows,
        throughput=throughput(found.windows),
        energy_j=median(w.joules / w.inferences for w in result.windows),
        clock="the meter's",
        provenance=facts.provenance,
    )
    return _told(bundle, board, record, found)


def _weaker(board: Provenance, meter: Provenance) -> Provenance:
    """Simulated where either is."""
    return board if board is not Provenance.MEASURED else meter


def _with(record: MlperfRecord, facts: Facts, **values: object) -> MlperfRecord:
    return replace(record, rules=judge(facts), **values)  # type: ignore[arg-type]


def _told(
    bundle: Bundle | None, board: MlperfBoard, record: MlperfRecord, found: MlperfEnergy | None
) -> tuple[Report, MlperfEnergy | None]:
    report = mlperf_report(
        bundle,
        board,
        record,
        energy=found.result if found else None,
        trace=found.trace if found else None,
    )
    return report, found


def _profile(bundle: Bundle | None, target: str | Target | None) -> Target | None:
    if bundle is not None:
        return bundle.target(target)
    return load_target(target) if isinstance(target, str) else target


def _check(options: MlperfOptions) -> None:
    """Raise UsageError for options that contradict one another."""
    if options.mode not in MODES:
        raise UsageError(
            f"--mode {options.mode}", "unknown", allowed=", ".join(MODES), hint="the default is "
            "performance", code="mlperf-mode",
        )  # fmt: skip
    if options.mode == "energy" and options.power is None:
        raise UsageError(
            "--mode energy",
            "no meter was named",
            allowed="--power with a meter that sees the board's time stamp pin",
            hint="add --power lpm01a:auto, ppk2:auto or, for a virtual board, virtual",
            code="mlperf-no-meter",
        )
    unused = []
    if options.power is not None and options.mode != "energy":
        unused.append(("--power", "it belongs to --mode energy"))
    if options.files is not None and options.mode != "accuracy":
        unused.append(("--files", "it belongs to --mode accuracy"))
    if options.resume and options.mode != "accuracy":
        unused.append(("--resume", "with --mlperf it belongs to --mode accuracy"))
    if options.baud is not None and options.port is None:
        unused.append(("--baud", "a virtual board has no baud rate"))
    if options.model_id and options.port is not None:
        unused.append(("--model-id", "the board at --port tells its own"))
    for option, why in unused:
        raise UsageError(
            option, f"without effect here: {why}", hint="leave it out", code="option-unused"
        )
