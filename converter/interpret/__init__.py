"""The NumPy interpreter: the readable definition of every operator, in float32 and in int8.

    run(graph, inputs)              outputs by name, for any number of samples
    run_batches(graph, batches)     the same, batch by batch
    run_in_a_row(graph, samples)    invocations of a graph that keeps states
    iterate(graph, inputs)          node by node, for looking at every activation

int8 results equal tflite-micro's reference kernels bit for bit (double rounding; see
`edgekit.converter.fixed_point`). tflite-runtime 2.14 with reference kernels agrees except here:

    operator         tflite-micro                           tflite-runtime 2.14
    FULLY_CONNECTED  input scale * weight scale in          in float32 where there is one weight
                     float64: followed                      scale: very few sums differ
    LOGISTIC         input scale over 4: one step from      computes that step
                     the zero point saturates: followed
    RELU6            clamps in the input's scale, ignores   requantizes: followed (both agree when
                     the output's: wrong if they differ     the scales are equal)
    CONV_2D          bias may be absent: followed           refuses
    SUM              rescales to the output: followed       answers without regard to the scales

tflite-micro stops the program in a SOFTMAX whose exponentials sum to 512 or more; here all its
outputs are -128, which is 0. LiteRT 2 and TensorFlow 2.21 differ from both references in
FULLY_CONNECTED, which they round once.

float32 results equal LiteRT's reference kernels but for the order of summation. int8 weights
under float32 activations (dynamic-range models) count as the real numbers they stand for; LiteRT
also rounds the activations there.
"""

from edgekit.converter.interpret.run import iterate, run, run_batches, run_in_a_row

__all__ = ["iterate", "run", "run_batches", "run_in_a_row"]
