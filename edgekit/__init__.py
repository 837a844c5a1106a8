"""EdgeKit: networks on phones, Raspberry Pis and microcontrollers.

    import edgekit
    result = edgekit.convert("vww_96.h5", target="virtual-m4", calibration="photos/")
    report = edgekit.bench(result.bundle, target="virtual-m4")

Names are loaded when first used, so that importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_WHERE = {
    "train": "edgekit.converter.train.train",
    "compress": "edgekit.deploy.compress",
    "convert": "edgekit.deploy.convert",
    "bench": "edgekit.deploy.bench",
    "build": "edgekit.deploy.build",
    "flash": "edgekit.deploy.flash",
    "inspect": "edgekit.deploy.inspect",
    "explain": "edgekit.deploy.explain",
    "sweep": "edgekit.deploy.sweep.sweep",
    "verify": "edgekit.deploy.verify",
    "classify": "edgekit.deploy.classify",
    "compare_reports": "edgekit.deploy.compare",
    "keep_report": "edgekit.deploy.history",
    "load_target": "edgekit.targets.reader",
    "list_targets": "edgekit.targets.reader",
    "read_manifest": "edgekit.artifacts.bundle",
    "EdgeKitError": "edgekit.errors",
}

if TYPE_CHECKING:
    from edgekit.artifacts.bundle import read_manifest
    from edgekit.converter.train.train import train
    from edgekit.deploy.bench import bench
    from edgekit.deploy.build import build
    from edgekit.deploy.classify import classify
    from edgekit.deploy.compare import compare_reports
    from edgekit.deploy.compress import compress
    from edgekit.deploy.convert import convert
    from edgekit.deploy.explain import explain
    from edgekit.deploy.flash import flash
    from edgekit.deploy.history import keep_report
    from edgekit.deploy.inspect import inspect
    from edgekit.deploy.sweep.sweep import sweep
    from edgekit.deploy.verify import verify
    from edgekit.errors import EdgeKitError
    from edgekit.targets.reader import list_targets, load_target

__all__ = [
    "EdgeKitError",
    "__version__",
    "bench",
    "build",
    "classify",
    "compare_reports",
    "compress",
    "convert",
    "explain",
    "flash",
    "inspect",
    "keep_report",
    "list_targets",
    "load_target",
    "read_manifest",
    "sweep",
    "train",
    "verify",
]


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'edgekit' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return __all__
