"""Bytes of a linked program: by section, by memory, by origin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.errors import ToolError

GROUPS = ("kernels", "model", "weights", "camera", "app", "port", "libc", "stack", "padding")

_ALLOC = 0x2
_OUTPUT = re.compile(r"^(\.[\w.]+)(?:\s|$)")
_INPUT = re.compile(r"^ (?:\.\S+|COMMON)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$")


@dataclass(frozen=True, slots=True)
class GroupSize:
    """Bytes that files of one origin put into flash and RAM; `.data` counts in both."""

    flash: int = 0
    ram: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from `start` that a section takes at run time.

    `image` is where its content lies before: elsewhere for variables, None without content.
    """

    section: str
    start: int
    size: int
    image: int | None = None


@dataclass(frozen=True, slots=True)
class ElfSizes:
    """Bytes of an ELF file.

    `flash` is everything loaded (code, constants, initial values), `ram` everything writable
    including the stack's reservation. `groups` has the keys of GROUPS that are not empty.
    """

    sections: dict[str, int]
    flash: int
    ram: int
    symbols: dict[str, int] = field(repr=False)
    """Address of each global symbol."""
    groups: dict[str, GroupSize] = field(default_factory=dict)
    spans: tuple[Span, ...] = field(default=(), repr=False)
    """Where each section lies."""

    def within(self, start: int, size: int) -> int:
        """Bytes of all sections, and of variables' initial values, in these addresses."""
        found = 0
        for span in self.spans:
            places = {span.start} if span.image is None else {span.start, span.image}
            found += sum(span.size for at in places if start <= at < start + size)
        return found


def read_sizes(elf: Path, link_map: Path | None = None) -> ElfSizes:
    """Sizes of `elf`; by origin too when the linker's map is given.

    Raises ToolError when the file is no ELF.
    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with elf.open("rb") as stream:
            file = ELFFile(stream)
            sections, spans = list(_sections(file)), tuple(_spans(file))
            symbols = _symbols(file)
    except (ELFError, OSError) as error:
        raise ToolError(
            str(elf),
            f"not a readable ELF file: {error}",
            hint="build it again; a full disk leaves files cut off",
            code="bad-elf",
        ) from None
    by_name = {name: size for name, size, _, _ in sections}
    groups = read_groups(link_map.read_text(encoding="utf-8"), by_name) if link_map else {}
    return ElfSizes(
        sections=by_name,
        flash=sum(size for _, size, loaded, _ in sections if loaded),
        ram=sum(size for _, size, _, writable in sections if writable),
        symbols=symbols,
        groups=groups,
        spans=spans,
    )


def _sections(file: object) -> Iterator[tuple[str, int, bool, bool]]:
    """(name, size, loaded, writable) of each section that takes memory at run time."""
    for section in file.iter_sections():  # type: ignore[attr-defined]
        header = section.header
        if header["sh_flags"] & _ALLOC and header["sh_size"]:
            loaded = header["sh_type"] != "SHT_NOBITS"
            yield section.name, header["sh_size"], loaded, bool(header["sh_flags"] & 0x1)


def _spans(file: object) -> Iterator[Span]:
    loads = [s.header for s in file.iter_segments() if s.header["p_type"] == "PT_LOAD"]  # type: ignore[attr-defined]
    for section in file.iter_sections():  # type: ignore[attr-defined]
        header = section.header
        start, size = header["sh_addr"], header["sh_size"]
        if not (header["sh_flags"] & _ALLOC and size):
            continue
        images = (
            load["p_paddr"] + start - load["p_vaddr"]
            for load in loads
            if load["p_vaddr"] <= start < load["p_vaddr"] + load["p_memsz"]
        )
        image = next(images, None) if header["sh_type"] != "SHT_NOBITS" else None
        yield Span(section.name, start, size, image)


def _symbols(file: object) -> dict[str, int]:
    table = file.get_section_by_name(".symtab")  # type: ignore[attr-defined]
    if table is None:
        return {}
    return {
        symbol.name: symbol["st_value"]
        for symbol in table.iter_symbols()
        if symbol.name and symbol["st_info"]["bind"] == "STB_GLOBAL"
    }


def read_groups(text: str, sections: dict[str, int]) -> dict[str, GroupSize]:
    """Bytes by origin from a GNU ld map. Objects are expected as obj/<group>/<file>.o.

    An input section ends where the next begins, whatever its own size says: merged strings are
    listed with the size they had before. What is left of a section (alignment) is "padding".
    """
    sums = {group: dict.fromkeys(sections, 0) for group in GROUPS}
    for output, size in sections.items():
        rows = sorted(_entries(text, output))
        ends = [start for start, _, _ in rows[1:]] + [1 << 64] * bool(rows)
        for (start, count, origin), end in zip(rows, ends, strict=True):
            sums[_group(origin)][output] += min(count, end - start)
        rest = "stack" if output == ".stack" else "padding"
        sums[rest][output] = size - sum(sums[group][output] for group in GROUPS)
    groups = {group: _group_size(by_section) for group, by_section in sums.items()}
    return {group: size for group, size in groups.items() if size.flash or size.ram}


def _group_size(by_section: dict[str, int]) -> GroupSize:
    return GroupSize(
        flash=sum(size for name, size in by_section.items() if not _is_empty(name)),
        ram=sum(size for name, size in by_section.items() if name == ".data" or _is_empty(name)),
    )


def _is_empty(section: str) -> bool:
    """Whether nothing of a section is in flash."""
    return section in (".bss", ".stack") or section.startswith(".arena.")


def _entries(text: str, wanted: str) -> Iterator[tuple[int, int, str]]:
    """(address, bytes, object file) of each input section in one output section of the map."""
    output = ""
    body = text.partition("Linker script and memory map")[2]
    # ld puts a long section name on a line of its own, the numbers on the next
    for line in re.sub(r"(?m)^( ?\.\S+)\n +0x", r"\1 0x", body).splitlines():
        top = _OUTPUT.match(line)
        entry = _INPUT.match(line)
        if top:
            output = top[1]
        elif entry and output == wanted:
            yield int(entry[1], 16), int(entry[2], 16), entry[3]


def _group(origin: str) -> str:
    known = re.search(r"(?:^|/)obj/(\w+)/", origin)
    return known[1] if known and known[1] in GROUPS else "libc"
