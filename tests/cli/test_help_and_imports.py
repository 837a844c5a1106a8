"""What `edgekit` says about itself, and what it must not load for that."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

import pytest

import edgekit as package
from tests.helpers.command_line import ROOT, edgekit, program, succeeds

COMMANDS = (
    *("doctor", "targets", "inspect", "baseline", "train", "compress", "convert"),
    *("sweep", "build", "flash", "provision", "bench", "run", "camera", "gate", "verify"),
    *("report", "compare", "tradeoff", "explain"),
    *("devices", "history", "meters", "mlperf"),
)
GROUPS = {
    "devices": ("devices list", "devices check"),
    "history": tuple(
        f"history {name}" for name in ("list", "show", "plot", "tag", "export", "import")
    ),
    "meters": ("meters list", "meters record", "meters emulate"),
    "mlperf": ("mlperf emulate",),
}
LEAVES = tuple(leaf for command in COMMANDS for leaf in GROUPS.get(command, (command,)))
HEAVY = (
    "numpy",
    "tensorflow",
    "keras",
    "ai_edge_litert",
    "tflite_runtime",
    "pydantic",
    "PIL",
    "jinja2",
    "serial",
    "elftools",
    "optuna",
    "distributed",
)
LOCKED_TYPER = "0.29"


def _help(*words: str) -> str:
    return succeeds(*words, "--help").out.rstrip() + "\n"


@pytest.mark.skipif(
    not version("typer").startswith(LOCKED_TYPER),
    reason=f"the golden help texts are those of typer {LOCKED_TYPER}",
)
@pytest.mark.parametrize("command", ["", *GROUPS, *LEAVES])
def test_help_text(
    command: str, golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    name = command.replace(" ", "-") or "edgekit"
    golden(f"cli/help-{name}.txt", _help(*command.split()))


def test_the_overview_lists_every_command_with_a_whole_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = _help().partition("Commands:")[2].strip().splitlines()
    assert tuple(line.split()[0] for line in lines) == COMMANDS
    assert all(line.endswith(".") and not line.endswith("...") for line in lines)


@pytest.mark.parametrize("command", LEAVES)
def test_every_command_takes_the_uniform_flags(command: str) -> None:
    text = _help(*command.split())
    assert all(flag in text for flag in ("--json", "-q, --quiet", "-v, --verbose", "-h, --help"))


def test_edgekit_alone_prints_its_help() -> None:
    assert edgekit() == edgekit("--help") == edgekit("-h")


def test_version() -> None:
    done = succeeds("--version")
    assert (done.out, done.err) == (f"edgekit {package.__version__}\n", "")
    assert version("edgekit-sdk") == package.__version__


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (["--help"], ()),
        (["--version"], ()),
        # typer reads options with pydantic
        (["convert", "--help"], ("pydantic",)),
        (["nonsense"], ("pydantic",)),
        (["convert", "model.h5"], ("pydantic",)),
        (["targets"], ("pydantic",)),
        (["train", "--help"], ("pydantic",)),
        (["train", "resnet8"], ("pydantic",)),
        (["sweep", "--help"], ("pydantic",)),
    ],
)
def test_what_needs_no_network_loads_nothing_heavy(
    words: list[str], allowed: tuple[str, ...]
) -> None:
    assert _loaded(f"from edgekit.cli.main import main; main({words!r})") <= set(allowed)


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert _loaded("import edgekit; dir(edgekit); edgekit.EdgeKitError") == set()


def _loaded(code: str) -> set[str]:
    """The heavy packages that code loads in a fresh Python."""
    tell = "import sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {tell}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1])) & set(HEAVY)


def test_the_console_script_is_the_program() -> None:
    """Exit code and streams as a shell sees them."""
    done = program("targets", "no-such-board")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(
        "error: target 'no-such-board': no profile of that name [target-unknown]\n"
    )


def test_doctor_looks_for_tensorflow_without_importing_it() -> None:
    script = (
        "import sys; from edgekit.cli.main import main; main(['doctor']); "
        "sys.exit('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True)
    assert done.returncode == 0
