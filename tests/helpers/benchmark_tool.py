"""A stand-in for LiteRT's `benchmark_model`: a program that prints what that one documents.

The real one is not here. This takes the same options, opens the model it is given (so that a push
that failed shows), and prints the lines of the tool's documentation with figures of its own.
"""

from __future__ import annotations

from pathlib import Path

from tests.helpers.toolchains import compile_c

MEDIAN_US, FIRST_US, INIT_US = 51962, 87112, 119515
PRINTED = f"""INFO: STARTING!
INFO: Log parameter values verbosely: [0]
INFO: Num threads: [1]
INFO: Graph: [model.tflite]
INFO: Loaded model model.tflite
INFO: Initialized TensorFlow Lite runtime.
INFO: Created TensorFlow Lite XNNPACK delegate for CPU.
INFO: The input model file size (MB): 24.6229
INFO: Initialized session in 119.515ms.
INFO: Running benchmark for at least 5 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds.
INFO: count=9 first=87112 curr=51629 min=51629 max=87112 avg=58147.4 std=11478 p5=51629 median=51800 p95=87112

INFO: Running benchmark for at least 50 iterations and at least 1 seconds but terminate if exceeding 150 seconds.
INFO: count=50 first=52162 curr=49785 min=49088 max=68610 avg=53743.2 std=6071.6 p5=49620 median={MEDIAN_US} p95=68628

INFO: Inference timings in us: Init: {INIT_US}, First inference: {FIRST_US}, Warmup (avg): 58147.4, Inference (avg): 53743.2
INFO: Note: as the benchmark tool itself affects memory footprint, the following is only APPROXIMATE to the actual memory footprint of the model at runtime. Take the information at your discretion.
INFO: Memory footprint delta from the start of the tool (MB): init=55.4961 overall=56.5
"""  # noqa: E501

_SOURCE = r"""#include <stdio.h>
#include <string.h>

static const char said[] = SAID;

int main(int count, char **words)
{
    const char *graph = "";
    int xnnpack = 0;
    for (int i = 1; i < count; i++) {
        if (!strncmp(words[i], "--graph=", 8)) {
            graph = words[i] + 8;
        }
        xnnpack |= !strcmp(words[i], "--use_xnnpack=true");
    }
    char head[8] = {0};
    FILE *file = fopen(graph, "rb");
    if (file == NULL || fread(head, 1, 8, file) != 8 || memcmp(head + 4, "TFL3", 4)) {
        fprintf(stderr, "ERROR: Failed to load model %s\n", graph);
        return 1;
    }
    fclose(file);
    if (xnnpack) {
        fputs(said, stdout);
    }
    return 0;
}
"""


def benchmark_tool(folder: Path, compiler: str, printed: str = PRINTED) -> Path:
    """The program, in `folder`, for what `compiler` compiles for."""
    lines = (line.replace('"', '\\"') for line in printed.splitlines())
    said = " ".join(f'"{line}\\n"' for line in lines) or '""'
    source, tool = folder / "tool.c", folder / "android_aarch64_benchmark_model"
    source.write_text(_SOURCE.replace("SAID", said), encoding="utf-8")
    compile_c(compiler, "-static", source, "-o", tool)
    return tool
