package org.edgekit.sample

import android.os.SystemClock
import org.tensorflow.lite.Interpreter
import java.io.Closeable
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** A class and its score, which for a model that ends with softmax is its probability. */
data class Score(val label: String, val value: Float)

/** The model in LiteRT with XNNPACK. Used by one thread. */
class Classifier(private val bundle: Bundle, threads: Int) : Closeable {
    private val interpreter =
        Interpreter(bundle.model, Interpreter.Options().setNumThreads(threads).setUseXNNPACK(true))
    private val classes = bundle.output.shape.last()
    private val isFloat = bundle.output.dtype == "float32"
    private val answers = ByteBuffer
        .allocateDirect(classes * (if (isFloat) Float.SIZE_BYTES else 1))
        .order(ByteOrder.nativeOrder())

    val latency = Latency()

    /** The best `count` classes of the input; the time of the inference alone goes into `latency`. */
    fun classify(input: ByteBuffer, count: Int): List<Score> {
        answers.rewind()
        val start = SystemClock.elapsedRealtimeNanos()
        interpreter.run(input, answers)
        latency.add(SystemClock.elapsedRealtimeNanos() - start)
        return (0 until classes)
            .map { Score(bundle.labels.getOrElse(it) { _ -> "class $it" }, score(it)) }
            .sortedByDescending(Score::value)
            .take(count)
    }

    private fun score(index: Int): Float {
        if (isFloat) return answers.getFloat(index * Float.SIZE_BYTES)
        val byte = answers.get(index).toInt()
        val value = if (bundle.output.dtype == "uint8") byte and 0xff else byte
        return bundle.output.scale * (value - bundle.output.zeroPoint)
    }

    override fun close() = interpreter.close()
}

/** The latest inference times. The first are left out: caches and clocks are cold then. */
class Latency {
    private val nanos = ArrayDeque<Long>()
    private var seen = 0

    fun add(time: Long) {
        seen += 1
        if (seen <= WARM_UP) return
        if (nanos.size == KEPT) nanos.removeFirst()
        nanos.addLast(time)
    }

    /** In milliseconds, by nearest rank; null before the first that counts. */
    fun percentile(share: Double): Double? {
        if (nanos.isEmpty()) return null
        val sorted = nanos.sorted()
        return sorted[((sorted.size - 1) * share).toInt()] / 1e6
    }

    private companion object {
        const val WARM_UP = 5
        const val KEPT = 200
    }
}
