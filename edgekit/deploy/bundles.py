"""A written bundle, opened: its manifest, its graph, its target; the model file checked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.artifacts.bundle import (
    LCE_MODEL_NAME,
    MODEL_NAME,
    WINDOW_MODEL_NAME,
    Manifest,
    read_manifest,
)
from edgekit.errors import ModelError, UnsupportedError, UsageError
from edgekit.targets.model import Target
from edgekit.targets.reader import load_target

if TYPE_CHECKING:
    from edgekit.converter.ir.graph import Graph


@dataclass(frozen=True)
class Bundle:
    """A bundle folder whose model file is the one the manifest speaks of."""

    folder: Path
    manifest: Manifest
    model: bytes

    @cached_property
    def graph(self) -> Graph:
        """What the generated C computes: the graph of model.tflite; where that is uint8 inside, the
        int8 one it was written of; of a portable binarized one, that with packed signs."""
        from edgekit.converter.load.legacy import is_legacy, uint8_to_int8
        from edgekit.converter.tflite import read_tflite

        packed = self.folder / LCE_MODEL_NAME
        model = packed.read_bytes() if self.portable and packed.is_file() else self.model
        graph = read_tflite(model, self.manifest.name)
        return uint8_to_int8(graph)[0] if is_legacy(graph) else graph

    @cached_property
    def window(self) -> Graph | None:
        """Of a streaming bundle the network of the whole window; None of others. Raises
        ModelError where its file is missing."""
        from edgekit.converter.tflite import read_tflite

        if self.manifest.streaming is None:
            return None
        path = self.folder / WINDOW_MODEL_NAME
        try:
            model = path.read_bytes()
        except OSError as error:
            raise ModelError(
                str(path),
                f"cannot be read: {error.strerror or error}",
                hint="convert again: the bundle is not as `edgekit convert` wrote it",
                code="bundle-incomplete",
            ) from None
        return read_tflite(model, self.manifest.name)

    @property
    def model_path(self) -> Path:
        """The path of model.tflite."""
        return self.folder / MODEL_NAME

    @property
    def has_c(self) -> bool:
        """Whether the bundle holds generated C that can be compiled here."""
        return (self.folder / "c" / f"{self.manifest.name}.c").is_file()

    @property
    def portable(self) -> bool:
        """Whether model.tflite has binarized layers in TFLite's own operators."""
        return self.manifest.recipe.get("binary_format") == "portable"

    @property
    def custom(self) -> tuple[str, ...]:
        """Operators of model.tflite that LiteRT does not know: those of the Larq Compute Engine."""
        if self.portable:
            return ()
        return tuple(name for name in self.manifest.operators if name.startswith("Lce"))

    @property
    def isa(self) -> str:
        """The kernel folders its steps use: "ref", "dsp+ref"."""
        used = {step.kernel.rpartition("__")[2] for step in self.manifest.steps}
        return "+".join(sorted(used)) or "none"

    def target(self, name: str | Target | None) -> Target:
        """The target named, or the one the bundle was converted for. Raises UsageError."""
        if isinstance(name, Target):
            return name
        if name is not None:
            return load_target(name)
        own = self.manifest.target["name"]
        try:
            return load_target(own)
        except UsageError:
            raise UsageError(
                f"target {own!r}",
                f"{self.folder} was converted for it, and it is no profile of EdgeKit's own",
                hint="give its file again: --target BOARD.toml",
                code="foreign-target",
            ) from None


def require_engine(bundle: Bundle, *, alone: bool = False) -> None:
    """Raise UnsupportedError where nothing here runs the bundle: neither LiteRT nor its C; with
    `alone` where its C does not."""
    if alone and not bundle.has_c:
        raise UnsupportedError(
            str(bundle.folder),
            "there is no generated C in it, and --engine native runs nothing else",
            allowed="a bundle with C",
            hint="leave --engine out, or convert again for a target that runs C",
            code="no-engine",
        )
    if bundle.custom and not bundle.has_c:
        raise UnsupportedError(
            str(bundle.folder),
            f"model.tflite holds {', '.join(bundle.custom)} of the Larq Compute Engine, which "
            "LiteRT does not know, and there is no generated C",
            allowed="a bundle with C, or with --binary-format portable",
            hint="convert again for a target that runs C: edgekit convert MODEL --target host",
            code="no-engine",
        )


def open_bundle(folder: str | Path) -> Bundle:
    """Open a bundle. Raises ModelError when it is none, or its model file was changed."""
    path = Path(folder)
    manifest = read_manifest(path)
    place = path if path.is_dir() else path.parent
    again = "convert again: the bundle is not as `edgekit convert` wrote it"
    try:
        model = (place / MODEL_NAME).read_bytes()
    except OSError as error:
        raise ModelError(
            str(place / MODEL_NAME),
            f"cannot be read: {error.strerror or error}",
            hint=again,
            code="bundle-incomplete",
        ) from None
    digest = hashlib.sha256(model).hexdigest()
    if digest != manifest.model_sha256:
        raise ModelError(
            str(place / MODEL_NAME),
            f"sha256 {digest[:16]}...",
            allowed=f"{manifest.model_sha256[:16]}..., as the manifest says",
            hint=again,
            code="bundle-changed",
        )
    opened = Bundle(place, manifest, model)
    if manifest.memory is not None and not opened.has_c:
        raise ModelError(
            str(place / "c" / f"{manifest.name}.c"),
            "missing, and the manifest says that C was generated",
            hint=again,
            code="bundle-incomplete",
        )
    return opened
