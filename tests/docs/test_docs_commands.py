"""Every command in the README and docs/ runs, in the order of the pages, in one fresh folder.

Fenced blocks marked `sh` are run; blocks marked `text` (hardware, installation) are not. A command
that ends in `# exit 3` ends with that code. The C of docs/convert.md and docs/memory.md is compiled
against the bundles made on the way.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.cli.main import main

ROOT = Path(__file__).parent.parent.parent
PAGES = (
    "docs/install.md",
    "docs/quickstart.md",
    "docs/targets.md",
    "docs/train.md",
    "docs/qat.md",
    "docs/convert.md",
    "docs/exports.md",
    "docs/flash.md",
    "docs/compression.md",
    "docs/pruning.md",
    "docs/memory.md",
    "docs/streaming.md",
    "docs/bench.md",
    "docs/camera.md",
    "docs/gate.md",
    "docs/tutorials/camera-on-a-nano.md",
    "docs/raspberry-pi.md",
    "docs/tutorials/person-on-a-pi.md",
    "docs/ci.md",
    "docs/tutorials/two-recipes.md",
    "docs/tutorials/add-a-board.md",
    "docs/lab.md",
    "docs/history.md",
    "docs/energy.md",
    "docs/meters.md",
    "docs/tutorials/add-a-meter.md",
    "docs/mlperf.md",
    "docs/verify.md",
    "docs/performance.md",
    "docs/binary.md",
    "docs/tutorials/binarized-on-an-m4.md",
    "docs/mixed_precision.md",
    "docs/sweep.md",
    "docs/classical.md",
    "docs/codes.md",
)
SAVED = (
    ("binary_net.py", "docs/binary.md", "python", 0),
    ("my-board.toml", "docs/targets.md", "toml", 0),
    ("devices.toml", "docs/lab.md", "toml", 0),
    ("blue-board.toml", "docs/tutorials/add-a-board.md", "toml", 0),
    ("two-rams.toml", "docs/memory.md", "toml", 0),
    ("int8_net.py", "docs/tutorials/binarized-on-an-m4.md", "python", 0),
    ("logger.py", "docs/tutorials/add-a-meter.md", "python", 0),
    ("my_meter.py", "docs/tutorials/add-a-meter.md", "python", 1),
)
"""Files that a page says to save: name, page, language and number of the block."""
NEEDS = ("arm-none-eabi-gcc", "qemu-system-arm", "gcc", "cmake")
MORE_NEEDS = {
    "docs/tutorials/person-on-a-pi.md": ("aarch64-linux-gnu-gcc", "qemu-aarch64-static"),
}


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[str]:
    return [line for block in blocks(page, "sh") for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all pages run: the samples of the checkout and the files pages speak of."""
    place = tmp_path_factory.mktemp("docs")
    (place / "samples").symlink_to(ROOT / "samples")
    for name, page, language, number in SAVED:
        (place / name).write_text(blocks(page, language)[number], encoding="utf-8")
    return place


@pytest.mark.tensorflow
@pytest.mark.qemu
@pytest.mark.parametrize("page", PAGES)
def test_commands_of_a_page_run(
    page: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needed = (*NEEDS, *MORE_NEEDS.get(page, ()))
    missing = [name for name in needed if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    pytest.importorskip("tensorflow")
    monkeypatch.chdir(folder)
    found = commands(page)
    assert found, f"{page} shows no command"
    for line in found:
        program, *arguments = shlex.split(line, comments=True)
        wanted = int(line.partition("# exit ")[2] or 0)
        if program == "python":
            subprocess.run([sys.executable, *arguments], check=True, cwd=folder)
            continue
        if program in ("cmake", "ctest"):
            subprocess.run([program, *arguments], check=True, cwd=folder)
            continue
        assert program == "edgekit", f"{page}: {line}"
        code = main(arguments)
        captured = capsys.readouterr()
        assert code == wanted, f"{page}: {line}\n{captured.out}\n{captured.err}"


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("page", "bundle"), [("docs/convert.md", "build/shapes"), ("docs/memory.md", "build/two")]
)
def test_c_of_a_page_compiles(page: str, bundle: str, folder: Path) -> None:
    if not (folder / bundle / "c").is_dir():
        pytest.skip("the page that makes the bundle did not run")
    include, *rest = blocks(page, "c")[0].splitlines()
    declarations = [line for line in rest if line.startswith("static")]
    body = [line for line in rest if line not in declarations and line.strip()]
    text = [include, *declarations, "int main(void) {", *body, "return scores[0] + image[0];", "}"]
    source = folder / "use.c"
    source.write_text("\n".join(text) + "\n", encoding="utf-8")
    c = folder / bundle / "c"
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{c}", f"-I{c / 'include'}"]
    sources = [source, *c.glob("*.c"), *c.glob("kernels/*/*.c")]
    subprocess.run(["gcc", *flags, *map(str, sources), "-o", str(folder / "use")], check=True)


def test_commands_of_the_workflow_are_those_of_its_page() -> None:
    workflow = (ROOT / "samples/github-actions/model-gate.yml").read_text(encoding="utf-8")
    found = re.findall(r"^ +run: (edgekit .*|python .*)$", workflow, re.MULTILINE)
    assert len(found) == 4
    assert set(found) <= {*commands("docs/ci.md"), *commands("docs/quickstart.md")}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_where_what_it_uses_is_from(page: str) -> None:
    used = re.findall(r"(?<=\s)(?:pictures|build/shapes)(?=[\s/]|$)", "\n".join(commands(page)))
    if used and page != "docs/quickstart.md":
        assert "quickstart.md)" in (ROOT / page).read_text(encoding="utf-8")


def test_pages_link_to_files_that_exist() -> None:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_every_page_stands_in_the_navigation_of_the_site() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r"([\w/-]+\.md)$", text[text.index("\nnav:") :], re.MULTILINE)
    there = [str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")]
    assert sorted(listed) == sorted(there)


def test_every_public_name_stands_on_the_page_of_the_api() -> None:
    import edgekit

    rows = [f"::: {module}.{name}" for name, module in edgekit._WHERE.items()]
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert re.findall(r"^::: .*$", text, re.MULTILINE) == sorted(
        rows, key=lambda row: row.rpartition(".")[2]
    )


def test_links_out_of_the_documentation_become_paths() -> None:
    from tools.docs_links import shown

    assert shown("see [a](../x/y.yml), [`b`](c.md)", "d.md") == "see a (`x/y.yml`), [`b`](c.md)"
    deep = "[x/y.yml](../../x/y.yml), [flash](../flash.md#boards)"
    assert shown(deep, "tutorials/d.md") == "`x/y.yml`, [flash](../flash.md#boards)"
