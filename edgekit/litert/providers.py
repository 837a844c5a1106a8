"""The packages that offer an interpreter: which are installed, which work, how to import one."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np

from edgekit.errors import MissingExtraError, UsageError
from edgekit.litert.quiet import quiet


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """A package that offers an interpreter: `problem` says why it cannot be used, or is empty."""

    name: str
    version: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    name: str
    module: str
    distributions: tuple[str, ...]
    extra: str
    verifies: bool
    """Whether it checks the flatbuffer before reading it; if not, a damaged file may crash it."""

    @property
    def version(self) -> str:
        for distribution in self.distributions:
            try:
                return metadata.version(distribution)
            except metadata.PackageNotFoundError:
                continue
        return "unknown"

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.module.partition(".")[0]) is not None


PROVIDERS = (
    Provider(
        "ai_edge_litert", "ai_edge_litert.interpreter", ("ai-edge-litert",), "litert", verifies=True
    ),
    Provider(
        "tflite_runtime", "tflite_runtime.interpreter", ("tflite-runtime",), "rpi", verifies=False
    ),
    Provider(
        "tf.lite",
        "tensorflow.lite.python.interpreter",
        ("tensorflow-cpu", "tensorflow"),
        "convert",
        verifies=True,
    ),
)


def available() -> tuple[ProviderInfo, ...]:
    """The installed providers, best first. Imports none of them."""
    return tuple(
        ProviderInfo(row.name, row.version, problem(row)) for row in PROVIDERS if row.installed
    )


def load_provider(name: str | None = None) -> ProviderInfo:
    """Import the provider that `open_interpreter(provider=name)` would use; raises as it does."""
    chosen = choose(name)
    with quiet():
        import_provider(chosen)
    return ProviderInfo(chosen.name, chosen.version)


def problem(provider: Provider) -> str:
    """Why an installed provider cannot work in this process, or "" when it can."""
    if provider.name != "tflite_runtime":
        return ""
    if int(np.__version__.partition(".")[0]) >= 2:
        return f"needs numpy < 2, found {np.__version__}"
    if "tensorflow" in sys.modules and provider.module not in sys.modules:
        return "TensorFlow was imported first in this process"
    return ""


def choose(name: str | None) -> Provider:
    names = [row.name for row in PROVIDERS]
    if name is not None and name not in names:
        raise UsageError(
            "provider",
            repr(name),
            allowed=", ".join(names),
            hint="leave it out for the first that is installed",
            code="provider",
        )
    wanted = [row for row in PROVIDERS if name in (None, row.name)]
    installed = [row for row in wanted if row.installed]
    if not installed:
        first = wanted[0]
        raise MissingExtraError(first.name, first.extra, "running .tflite models")
    for row in installed:
        if not problem(row):
            return row
    raise UsageError(
        installed[0].name,
        problem(installed[0]),
        hint="use provider ai_edge_litert (pip install 'edgekit-sdk[litert]')",
        code="provider-unusable",
    )


def import_provider(provider: Provider) -> Any:
    if provider.name == "tf.lite":
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        return importlib.import_module(provider.module)
    except ImportError as error:
        raise MissingExtraError(
            provider.name, provider.extra, f"running .tflite models ({error})"
        ) from None
