"""The bundle as a mapping from relative path to bytes; writing it is the caller's."""

from __future__ import annotations

from collections.abc import Mapping

from edgekit.artifacts.bundle import MANIFEST_NAME, MODEL_NAME, Manifest
from edgekit.converter.emit.c import CSource
from edgekit.converter.emit.golden import Golden
from edgekit.converter.emit.packages import PACKAGES, Export, cmake

C_FOLDER = "c"


def bundle_files(
    manifest: Manifest,
    model: bytes,
    *,
    c: CSource | None = None,
    kernels: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    golden: Golden | None = None,
    package: str = "cmake",
    extra: Mapping[str, str] | None = None,
) -> dict[str, bytes]:
    """Everything a bundle holds, by path below its folder, sorted.

    `kernels` map paths below kernels/ ("ref/conv2d_s8.c") and `headers` file names
    ("ek_kernels.h") to text; both only matter with `c`, which needs `golden`: inputs with the
    outputs they must give. `package` is a value of --format: a key of `packages.PACKAGES` has a
    library of its own beside `c/`, <package>/<name>/. `extra` files (text by path below the bundle)
    go in as they are: TFLM's model data, for instance.
    """
    texts = dict(extra or {})
    if c is not None:
        assert golden is not None, "generated C comes with a golden vector"
        library = {
            **c.files,
            **{f"kernels/{path}": text for path, text in (kernels or {}).items()},
            **{f"include/{name}": text for name, text in (headers or {}).items()},
        }
        export = Export(manifest, library, golden)
        texts |= {f"{C_FOLDER}/{path}": text for path, text in cmake(export).items()}
        if package in PACKAGES:
            folder = f"{package}/{manifest.name}"
            texts |= {f"{folder}/{path}": text for path, text in PACKAGES[package](export).items()}
    texts[MANIFEST_NAME] = manifest.to_json()
    files = {path: text.encode() for path, text in texts.items()}
    return dict(sorted((files | {MODEL_NAME: model}).items()))
