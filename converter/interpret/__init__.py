"""The NumPy interpreter: the readable definition of every operator, in float32 and in int8.

    run(graph, inputs)              outputs by name, for any number of samples
    run_batches(graph, batches)     the same, batch by batch
    iterate(graph, inputs)          node by node, for looking at every activation

int8 results equal tflite-micro's reference kernels bit for bit (double rounding; see
`edgekit.converter.fixed_point`). tflite-runtime 2.14 with reference kernels agrees except here:

    operator         tflite-micro (followed, unless noted)      tflite-runtime 2.14
    FULLY_CONNECTED  input and weight scale multiplied in       in float32 when there is one weight
                     float64                                    scale; about one result in a million
    LOGISTIC         wide input scales: the last step before    rounds that step differently
                     saturation in fixed point                  (1 LSB)
    RELU6            clamps in the input's scale and ignores    requantizes to the output's scale;
                     the output's: wrong when they differ       FOLLOWED here, equal when they agree

LiteRT 2 and TensorFlow 2.21 differ from both in FULLY_CONNECTED (single rounding).
"""

from edgekit.converter.interpret.run import iterate, run, run_batches

__all__ = ["iterate", "run", "run_batches"]
