"""Every error EdgeKit raises on purpose, as one family.

    EdgeKitError                exit 1   the base to catch
    ├── UsageError              exit 2   a wrong option, name or combination
    ├── ModelError                       a model file that cannot be read or used
    │   └── UnsupportedError             an operator, dtype or shape outside the rules
    ├── DataError                        calibration or evaluation data
    ├── OutputError                      a place that cannot be written
    ├── ToolError                        an external program that is missing or failed
    ├── MissingExtraError                an optional Python package that is not installed
    ├── DeviceError                      a board, a port, a protocol peer
    │   ├── PortError                    the port itself: absent, busy, no permission
    │   └── ProtocolError                the peer's words: silence, garbage, a reset
    ├── MeterError                       a power meter
    └── Verdict                 exit 3   the work was done and the answer is no
        ├── DoesNotFitError              flash or RAM of the target
        ├── AccuracyError                the accuracy gate
        └── MismatchError                outputs that should be equal and are not

A message names the thing, says what was found, what is allowed and what to do next.
"""

from __future__ import annotations


class EdgeKitError(Exception):
    """A failure with a subject, a finding, the allowed values and the next step.

    `subject` names the thing (a file, a node, a tensor, a port), `found` says what is wrong
    with it, `allowed` what would be right, `hint` what to do next. `code` is a stable
    kebab-case identifier for scripts and tests.
    """

    exit_code = 1
    default_code = "failure"

    def __init__(
        self, subject: str, found: str, *, allowed: str = "", hint: str = "", code: str = ""
    ) -> None:
        self.subject = subject
        self.found = found
        self.allowed = allowed
        self.hint = hint
        self.code = code or self.default_code
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.subject}: {self.found}"
        if self.allowed:
            text += f" (allowed: {self.allowed})"
        if self.hint:
            text += f". {self.hint[0].upper()}{self.hint[1:]}"
        return text

    def as_dict(self) -> dict[str, str | int]:
        """The error as `--json` prints it."""
        return {
            "code": self.code,
            "subject": self.subject,
            "found": self.found,
            "allowed": self.allowed,
            "hint": self.hint,
            "exit_code": self.exit_code,
        }

    def as_record(self) -> dict[str, str | int]:
        """The error for another process, which makes it again with `rebuilt`."""
        return {"type": type(self).__name__, **self.as_dict()}


class UsageError(EdgeKitError):
    """A wrong option, name or combination of them."""

    exit_code = 2
    default_code = "usage"


class ModelError(EdgeKitError):
    """A model file that cannot be read or used."""

    default_code = "model"


class UnsupportedError(ModelError):
    """An operator, dtype, attribute or shape outside the rules."""

    default_code = "unsupported"


class DataError(EdgeKitError):
    """Calibration or evaluation data that is missing, unreadable or misleading."""

    default_code = "data"


class OutputError(EdgeKitError):
    """A place that cannot be written."""

    default_code = "output"


class ToolError(EdgeKitError):
    """An external program (compiler, emulator, flasher) that is missing or failed."""

    default_code = "tool"


class MissingExtraError(EdgeKitError):
    """An optional Python package that is not installed.

    `MissingExtraError("tensorflow", "convert", "reading Keras models")`.
    """

    default_code = "missing-extra"

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        self.package, self.extra, self.purpose = package, extra, purpose
        super().__init__(
            package,
            f"not installed, and {purpose} needs it",
            hint=f"run: pip install 'edgekit-sdk[{extra}]'",
        )


class DeviceError(EdgeKitError):
    """A board that cannot be reached or misbehaves."""

    default_code = "device"


class PortError(DeviceError):
    """A port that does not exist, is busy or may not be opened."""

    default_code = "port"


class ProtocolError(DeviceError):
    """A peer that is silent, answers garbage, or resets halfway."""

    default_code = "protocol"


class MeterError(EdgeKitError):
    """A power meter that cannot be reached, is not what was asked for, or loses samples."""

    default_code = "meter"


class Verdict(EdgeKitError):
    """The work was done and the answer is no."""

    exit_code = 3
    default_code = "verdict"


class DoesNotFitError(Verdict):
    """The model needs more flash or RAM than the target has."""

    default_code = "does-not-fit"


class AccuracyError(Verdict):
    """The converted model lost more accuracy than the gate allows.

    `precision` is the PrecisionSummary of formats per layer, where some were chosen.
    """

    default_code = "accuracy-gate"
    precision: object = None


class MismatchError(Verdict):
    """Outputs that should be equal bit for bit and are not."""

    default_code = "mismatch"


def rebuilt(record: dict[str, str]) -> EdgeKitError:
    """The error that `as_record` told of in another process. A MissingExtraError is made through
    its base's constructor."""
    kind = globals()[record["type"]]
    error: EdgeKitError = kind.__new__(kind)
    words = {name: record[name] for name in ("allowed", "hint", "code")}
    EdgeKitError.__init__(error, record["subject"], record["found"], **words)
    return error
