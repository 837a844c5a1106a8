"""A stand-in for the program `adb`: a phone that is a folder of this machine.

    adb [-s SERIAL] push FILE PATH | shell -T WORDS | connect ADDRESS

/data/local/tmp is a folder beside it, programs of 64-bit Arm run in an emulator, and the file
`trouble` makes it fail with its text.
"""

from __future__ import annotations

import shutil
from pathlib import Path

_SCRIPT = """#!/bin/sh
here={here}
echo "$*" >> $here/log
if [ -s $here/trouble ]; then cat $here/trouble >&2; exit 1; fi
if [ "$1" = connect ]; then echo "connected to $2"; exit 0; fi
if [ "$1" = -s ]; then shift 2; fi
there() {{ printf %s "$1" | sed "s#/data/local/tmp#$here/phone#g"; }}
case $1 in
push) cp "$2" "$(there "$3")" ;;
shell)
    case "$3" in
    *"uname -m"*) echo aarch64 ;;
    *mktemp*) sh -c "$(there "$3")" | sed "s#$here/phone#/data/local/tmp#" ;;
    *) exec sh -c "$(there "$3" | sed "s#; \\([^ ;]*\\) serve#; {emulator} \\1 serve#")" ;;
    esac ;;
esac
"""


def fake_adb(folder: Path, emulator: str) -> Path:
    """The folder with the program in it, for PATH; `phone` beside it is the phone."""
    (folder / "phone").mkdir(parents=True)
    (folder / "trouble").touch()
    program = folder / "adb"
    program.write_text(_SCRIPT.format(here=folder, emulator=shutil.which(emulator) or emulator))
    program.chmod(0o700)
    return folder
