"""Frames one after another on a board with camera firmware, the NumPy definition alongside."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from zlib import crc32

from edgekit.converter.camera.formats import Raw
from edgekit.converter.camera.gate import GateSetting, GateState, block_samples, block_sums, step
from edgekit.converter.camera.plan import FramePlan, convert_frame, resized
from edgekit.deploy.boards import joined, split_outputs
from edgekit.deploy.bundles import Bundle
from edgekit.deploy.camera_run import FrameAnswer
from edgekit.deploy.classify import best, real_output
from edgekit.deploy.inputs import reference_outputs
from edgekit.runtime.devices.counting import Counter
from edgekit.runtime.link.camera import CameraFault, CameraLink, Capture
from edgekit.runtime.link.extension import Extension


class CameraSession:
    """A board whose camera is asked for frames; `gate` None looks at each of them."""

    def __init__(
        self,
        bundle: Bundle,
        plan: FramePlan,
        extension: Extension,
        link: CameraLink,
        counter: Counter,
        gate: GateSetting | None,
    ) -> None:
        self.bundle, self.plan, self.extension = bundle, plan, extension
        self.link, self.counter, self.gate = link, counter, gate
        self._setting, self._state = gate or GateSetting(), GateState()
        self._samples = block_samples(plan.shape)
        self._size = sum(tensor.bytes for tensor in bundle.manifest.outputs)
        self._label, self._score = "", 0.0
        link.set_gate(**asdict(self._setting))

    def shown(self, name: str, raw: Raw) -> FrameAnswer:
        """A frame that was put into a virtual camera: everything is compared."""
        taken = self.link.capture(gated=self.gate is not None)
        outputs = self.extension.read_output(self._size) if taken.ran else b""
        return self._answer(name, taken, outputs, self._equal(taken, outputs, raw))

    def taken(self, name: str, *, keep: bool) -> tuple[FrameAnswer, Raw | None]:
        """A frame of a sensor; with `keep` it is brought here and everything is compared."""
        try:
            taken = self.link.capture(gated=self.gate is not None)
        except CameraFault as fault:
            return FrameAnswer(name, False, 0, 0, 0, 0, "", 0.0, None, fault.reason), None
        outputs = self.extension.read_output(self._size) if taken.ran else b""
        if not keep:
            return self._answer(name, taken, outputs, None), None
        raw = self.plan.format.frame(self.link.read_frame(), self.plan.width, self.plan.height)
        return self._answer(name, taken, outputs, self._equal(taken, outputs, raw)), raw

    def _answer(self, name: str, taken: Capture, outputs: bytes, equal: bool | None) -> FrameAnswer:
        if taken.ran:
            first = split_outputs(self.bundle, outputs)[0]
            [(self._label, self._score)] = best(self.bundle, real_output(self.bundle, first), 1)
        count = self.counter.count
        return FrameAnswer(
            name,
            taken.ran,
            taken.changed,
            count(taken.take),
            count(taken.convert),
            count(taken.infer),
            self._label,
            self._score,
            equal,
        )

    def _equal(self, taken: Capture, outputs: bytes, raw: Raw) -> bool:
        """Whether the definition makes the same input of the frame, decides alike and computes the
        same outputs."""
        sums = block_sums(resized(self.plan, raw))
        decision, self._state = step(self._setting, self._state, sums, self._samples)
        given = convert_frame(self.plan, raw)
        wanted = decision.run or self.gate is None
        alike = (taken.ran, taken.changed) == (wanted, decision.changed)
        alike &= taken.input_crc == crc32(given.tobytes())
        return alike and (not taken.ran or outputs == self._expected(given))

    def _expected(self, given: Any) -> bytes:
        [outputs] = reference_outputs(self.bundle.graph, ([given],))
        return joined(outputs)
