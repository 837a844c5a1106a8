"""One run of several, in a process of its own: a JSON request on stdin, lines of JSON on stdout.

A line is progress, the report, what speaks against it, or the error. The process ends as a
benchmark on the command line does: Ctrl-C from the parent unwinds it, and a parent that is gone
is noticed at the next line.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from pydantic import TypeAdapter

from edgekit.deploy.bench import bench, verdict
from edgekit.deploy.bench_options import BenchOptions
from edgekit.errors import EdgeKitError
from edgekit.targets.model import Target


def main() -> None:
    """Answer one request."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    request = json.load(sys.stdin)
    # What libraries print is no answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(**line: Any) -> None:
        print(json.dumps(line), file=answers, flush=True)

    try:
        report = bench(
            request["bundle"],
            target=Target.model_validate_json(request["target"]),
            options=TypeAdapter(BenchOptions).validate_json(request["options"]),
            output_dir=request["folder"],
            progress=lambda stage, done, total: tell(progress=[stage, done, total]),
        )
        wrong = verdict(report)
        tell(report=report.to_json(), verdict=wrong.as_record() if wrong is not None else None)
    except EdgeKitError as error:
        tell(error=error.as_record())
    except KeyboardInterrupt:
        tell(interrupted=True)


if __name__ == "__main__":
    main()
