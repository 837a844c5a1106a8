"""`edgekit doctor`: what works here and what is missing."""

from __future__ import annotations

from edgekit.cli import options, output

NAME = "doctor"


def command(
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Show what is installed, plugged in and missing here."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from dataclasses import asdict

    from edgekit.deploy.doctor import examine

    checks = examine()
    out.emit([asdict(check) for check in checks])
    out.table(
        "",
        ("", "name", "found", "needed for"),
        [(MARKS[c.status], c.name, c.found, c.needed_for) for c in checks],
    )
    for check in checks:
        if check.status != "ok" and check.fix:
            out.say(f"{check.name}: {check.fix}")


MARKS = {"ok": "ok", "missing": "--", "note": "··"}
