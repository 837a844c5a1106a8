"""A stand-in of the official MLPerf Tiny runner: its dialogue, its time-outs, its arithmetic.

The runner (mlcommons/tiny, benchmark/runner) is not ours. This has been written from what it
does on the line: which commands it sends in which order, how it splits data, how long it waits,
how it tells replies apart, how it computes what it prints. Nothing here helps the board: what
would break the runner breaks this (a reply of one line, a line too many, events out of order).
"""

from __future__ import annotations

import itertools
import queue
import re
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import serial

READY = "m-ready"
LINE_S, INFER_S = 5.0, 30.0
DIRECT, METERED = 31, 26
"""Bytes of a `db` command without a power meter, and with one."""
LOOPS = 5
RATE = 1000


class NoAnswer(RuntimeError):
    """The runner gives up."""


class Line:
    """A serial port whose lines a thread collects, a character at a time."""

    def __init__(self, port: str, baud: int, end: str, tell: Callable[[str], None]) -> None:
        self._serial = serial.Serial(port, baud, timeout=0.1)
        self._end, self._tell = end, tell
        self.lines: queue.Queue[str] = queue.Queue()
        self._running = True
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        text = ""
        while self._running:
            char = self._serial.read(1).decode()
            if char == "\n":
                self._tell(f"< {text}")
                self.lines.put(text)
                text = ""
            elif char not in "\r\0":
                text += char

    def write(self, text: str) -> None:
        self._tell(f"> {text}{self._end.strip()}")
        self._serial.write((text + self._end).encode())

    def ask(self, text: str, timeout: float = LINE_S) -> list[str]:
        """A command and all lines up to the one with m-ready in it, which stays."""
        self.write(text)
        lines: list[str] = []
        while True:
            try:
                lines.append(self.lines.get(timeout=timeout))
            except queue.Empty:
                raise NoAnswer(f"no response to command {text}") from None
            if READY in lines[-1]:
                return lines

    def close(self) -> None:
        self._running = False
        self._thread.join()
        self._serial.close()


@dataclass
class Board:
    """The board on its own line, opened for identification and again for the run."""

    port: str
    tell: Callable[[str], None]
    settle_s: float
    baud: int = 115200
    _line: Line | None = None

    def open(self) -> None:
        self._line = Line(self.port, self.baud, "%", self.tell)

    def close(self) -> None:
        assert self._line is not None
        self._line.close()

    def ask(self, text: str, timeout: float = LINE_S) -> list[str]:
        assert self._line is not None
        return self._line.ask(text, timeout)

    def identify(self) -> str:
        """Opens, waits, asks, closes. The model id."""
        self.open()
        time.sleep(self.settle_s)
        names = [m for line in self.ask("name") if (m := re.match(r"m-name-dut-\[(.+)\]$", line))]
        assert names, "failed to get the name"
        found = dict(
            match.groups()
            for line in self.ask("profile")
            if (match := re.match(r"m-(model|profile)-\[(.+)\]$", line))
        )
        self.close()
        assert set(found) == {"model", "profile"}
        return str(found["model"])


@dataclass
class BehindInterface(Board):
    """The board behind an interface board, whose port stays open; time-outs do not end a wait
    for the board, a limit of this stand-in does."""

    def open(self) -> None:
        if self._line is None:
            super().open()

    def close(self) -> None:
        """Closed by `shut`."""

    def shut(self) -> None:
        super().close()

    def sync_baud(self, baud: int) -> None:
        assert self._line is not None
        answer = self._line.ask("checkbaud")
        if f"{baud}" not in answer[0]:
            self._line.ask(f"setbaud {baud}")

    def ask(self, text: str, timeout: float = LINE_S) -> list[str]:
        assert self._line is not None
        passed = self._line.ask(f"dut {text}")
        assert len(passed) == 2, f"{passed}: the runner wants the echo and m-ready"
        assert passed[1] == READY
        lines: list[str] = []
        until = time.monotonic() + 120
        while lines[-1:] != [READY]:
            try:
                lines.append(self._line.lines.get(timeout=timeout).replace("[dut]: ", ""))
            except queue.Empty:
                if time.monotonic() > until:
                    raise NoAnswer(f"no response to command {text}") from None
        return lines


@dataclass
class Meter:
    """An LPM01A as the runner drives it: host control, energy a thousand times a second."""

    port: str
    tell: Callable[[str], None]
    volts: float = 1.8
    data: list[float | str] = field(default_factory=list)

    def open(self) -> None:
        self._line = Line(self.port, 3_686_400, "\r\n", self._hear)
        self._messages: queue.Queue[str] = queue.Queue()
        self._lock = threading.Lock()
        self._sorter = threading.Thread(target=self._sort, daemon=True)
        self._open = True
        self._sorter.start()
        for command in (
            "htc", 'lcd 1 "MLPerf Tiny"', 'lcd 2 "     monitor    "', "pwr off", "acqtime inf",
            "trigdelay 0", "trigsrc sw", "eventsrc d7 fal", "output energy", "format ascii_dec",
            "freq 1k", f"volt {round(1000 * self.volts)}m",
        ):  # fmt: skip
            self.command(command)

    def _hear(self, text: str) -> None:
        """Samples are not for the transcript: there are too many."""
        if not re.match(r"< \d{4}[+-]\d\d$", text):
            self.tell(f"lpm {text}")

    def _sort(self) -> None:
        while self._open:
            try:
                line = self._line.lines.get(timeout=0.25)
            except queue.Empty:
                continue
            with self._lock:
                if re.match(r"\d{4}[+-]\d\d", line):
                    mantissa, exponent = line[:4], line[4:7]
                    self.data.append(float(f"{mantissa}e{exponent}"))
                elif line.startswith("TimeStamp") or re.match(r"event \d+ ris", line):
                    self.data.append(line)
                elif line.strip():
                    self._messages.put(line)

    def command(self, text: str) -> None:
        self._line.write(text)
        while True:
            answer = self._messages.get(timeout=10).replace("PowerShield > ", "").strip()
            if text in answer:
                assert answer.startswith("ack"), answer
                return

    def results(self) -> tuple[list[tuple[int, int]], list[float]]:
        """(number, samples before it) of each event, and the samples, since the last time."""
        with self._lock:
            taken, self.data = self.data, []
        events, samples = [], []
        for item in taken:
            if isinstance(item, float):
                samples.append(item)
            elif item.startswith("event"):
                events.append((int(item.split()[1]), len(samples)))
        return events, samples

    def close(self) -> None:
        self.command("pwr off")
        self._line.write("stop")
        while "Acquisition completed" not in self._messages.get(timeout=10):
            continue
        self.command("pwr off")
        self.command("hrc")
        self._open = False
        self._sorter.join()
        self._line.close()


class OfficialRunner:
    """One session: `run` writes log.txt (the transcript) and results.txt into `folder`."""

    def __init__(
        self,
        folder: Path,
        data: Path,
        *,
        settle_s: float = 0.2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self._data, self._settle, self._clock = folder, data, settle_s, clock
        folder.mkdir(parents=True, exist_ok=True)
        self._log = (folder / "log.txt").open("w", encoding="utf-8")
        self.results: list[str] = []
        self.model = ""

    def __enter__(self) -> OfficialRunner:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._log.close()
        (self.folder / "results.txt").write_text("\n".join(self.results) + "\n", encoding="utf-8")

    def tell(self, text: str) -> None:
        self._log.write(text + "\n")

    def say(self, text: str) -> None:
        """A line of results.txt."""
        self.tell(text)
        self.results.append(text)

    def performance(self, port: str, inferences: int, warmup: int) -> float:
        """Median throughput, inferences a second."""
        began = self._clock()
        board = Board(port, self.tell, self._settle)
        rows = self._trials(board, self._files()[:LOOPS], inferences, warmup, None)
        rates = [inferences / (row["elapsed_us"] / 1e6) for row in rows]
        for number, (rate, row) in enumerate(zip(rates, rows, strict=True), 1):
            self.tell(f"ulp-mlperf: Performance results for window {number}:")
            self.tell(f"ulp-mlperf:   # Inferences : {inferences:>13}")
            self.tell(f"ulp-mlperf:   Runtime      : {row['elapsed_us'] / 1e6:>10.3f} sec.")
            self.tell(f"ulp-mlperf:   Throughput   : {rate:>10.3f} inf./sec.")
        median = statistics.median(rates)
        if self._clock() - began < 10.0:
            self.say("ulp-mlperf: ERROR 2 - loop exited before 10 seconds elapsed.")
        else:
            self.say(f"ulp-mlperf: Median throughput is {median:>10.3f} inf./sec.")
        return median

    def accuracy(self, port: str) -> float:
        """Top-1 in per cent over all files of the set."""
        files = self._files()
        board = Board(port, self.tell, self._settle)
        rows = self._trials(board, files, 1, 0, None)
        right = sum(
            int(np.argmax(row["results"])) == label
            for row, (_, label) in zip(rows, files, strict=True)
        )
        top1 = 100 * right / len(files)
        self.say(f"ulp-mlperf: Top 1% = {top1:2.1f}")
        self.say(f"ulp-mlperf: AUC = {_one_against_rest(rows, files):.3f}")
        return top1

    def energy(
        self, interface: str, power: str, inferences: int, warmup: int, *, baud: int = 115200
    ) -> float:
        """Median energy, microjoules an inference."""
        meter = Meter(power, self.tell)
        meter.open()
        meter.command('lcd 2 "           1.8V "')
        meter.command("pwr on nostatus")
        time.sleep(self._settle)
        meter.command("start")
        board = BehindInterface(interface, self.tell, self._settle)
        board.open()
        board.sync_baud(baud)
        try:
            rows = self._trials(board, self._files()[:LOOPS], inferences, warmup, meter)
        finally:
            meter.close()
            board.shut()
        return self._energies(rows, inferences)

    def _trials(
        self,
        board: Board,
        files: Sequence[tuple[Path, int]],
        inferences: int,
        warmup: int,
        meter: Meter | None,
    ) -> list[dict[str, Any]]:
        self.model = board.identify()
        board.open()
        rows = []
        for path, _ in files:
            data = path.read_bytes()
            board.ask(f"db load {len(data)}")
            chunk = DIRECT if meter is None else METERED
            for at in range(0, len(data), chunk):
                board.ask(f"db {data[at : at + chunk].hex()}")
            lines = board.ask(f"infer {inferences} {warmup}", INFER_S)
            row = self._gathered(lines)
            if meter is None:
                assert "elapsed_us" in row, "incomplete time data"
            else:
                row["events"], row["samples"] = meter.results()
            rows.append(row)
        board.close()
        return rows

    @staticmethod
    def _gathered(lines: Sequence[str]) -> dict[str, Any]:
        row: dict[str, Any] = {}
        laps = []
        for line in lines:
            if match := re.match(r"m-results-\[([^]]+)\]$", line):
                row["results"] = [float(x) for x in match[1].split(",") if x.strip()]
            elif match := re.match(r"m-lap-us-(\d+)$", line):
                laps.append(int(match[1]))
        if len(laps) >= 2:
            row["elapsed_us"] = laps[-1] - laps[0]
        assert "results" in row, lines
        return row

    def _energies(self, rows: Sequence[dict[str, Any]], inferences: int) -> float:
        each = []
        for trial, row in enumerate(rows):
            events, samples = row["events"], row["samples"]
            numbers = [number for number, _ in events]
            assert all(b - a == 1 for a, b in itertools.pairwise(numbers)), events
            start, stop = events[-2][1], events[-1][1]
            joules, seconds = sum(samples[start:stop]), (stop - start) / RATE
            each.append(1e6 * joules / inferences)
            late = "" if seconds >= 10.0 else "  <<<< below minimum duration"
            self.say(f"Energy data for trial {trial}")
            self.say(f"  Elapsed time  : {seconds}{late}")
            self.say(f"  Inferences    : {inferences}")
            self.say(f"  Power         : {1e3 * joules / seconds:5.4f} mW.")
            self.say(f"  Total Energy  : {1e6 * joules:.3f} uJ")
            self.say(f"  Energy/Inf    : {each[-1]:.3f} uJ/inf")
        median = statistics.median(each)
        self.say(f"Median energy cost is {median:5.4f} uJ/inf.")
        return median

    def _files(self) -> list[tuple[Path, int]]:
        rows = (self._data / "y_labels.csv").read_text(encoding="utf-8").splitlines()
        cells = [[cell.strip() for cell in row.split(",")] for row in rows if row]
        return [(self._data / cell[0], int(cell[2])) for cell in cells]


def _one_against_rest(rows: Sequence[dict[str, Any]], files: Sequence[tuple[Path, int]]) -> float:
    """Mean over the classes of the chance that one of the class outranks one of another."""
    scores = np.array([row["results"] for row in rows])
    labels = np.array([label for _, label in files])
    areas = []
    for label in np.unique(labels):
        own, others = scores[labels == label, label], scores[labels != label, label]
        above = (own[:, None] > others).mean() + 0.5 * (own[:, None] == others).mean()
        areas.append(float(above))
    return statistics.mean(areas)
