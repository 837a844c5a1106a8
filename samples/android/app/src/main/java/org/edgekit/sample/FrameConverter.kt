package org.edgekit.sample

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Matrix
import android.graphics.Paint
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.max
import kotlin.math.roundToInt

/** Camera frames as the model's input tensor. Owns one bitmap and one buffer, reused for every frame. */
class FrameConverter(private val bundle: Bundle) {
    private val height = bundle.input.shape[1]
    private val width = bundle.input.shape[2]
    private val channels = bundle.input.shape[3]
    private val isFloat = bundle.input.dtype == "float32"

    private val small = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
    private val pixels = IntArray(width * height)
    private val paint = Paint(Paint.FILTER_BITMAP_FLAG)
    private val buffer = ByteBuffer
        .allocateDirect(width * height * channels * (if (isFloat) Float.SIZE_BYTES else 1))
        .order(ByteOrder.nativeOrder())

    /** The quantized value of each of the 256 pixel values, per channel: one lookup per byte. */
    private val quantized = Array(channels) { channel -> ByteArray(256) { quantize(real(it, channel)) } }

    /** `frame` upright, scaled to the input's size; stretched or cropped as the bundle was calibrated. */
    fun convert(frame: Bitmap, rotationDegrees: Int): ByteBuffer {
        Canvas(small).drawBitmap(frame, placement(frame, rotationDegrees), paint)
        small.getPixels(pixels, 0, width, 0, 0, width, height)
        buffer.rewind()
        for (pixel in pixels) for (channel in 0 until channels) put(value(pixel, channel), channel)
        buffer.rewind()
        return buffer
    }

    private fun placement(frame: Bitmap, rotationDegrees: Int): Matrix {
        val turned = rotationDegrees % 180 != 0
        val across = width / (if (turned) frame.height else frame.width).toFloat()
        val down = height / (if (turned) frame.width else frame.height).toFloat()
        val larger = max(across, down)
        return Matrix().apply {
            postTranslate(-frame.width / 2f, -frame.height / 2f)
            postRotate(rotationDegrees.toFloat())
            if (bundle.preprocess.crop) postScale(larger, larger) else postScale(across, down)
            postTranslate(width / 2f, height / 2f)
        }
    }

    private fun value(pixel: Int, channel: Int): Int {
        if (channels == 1) return luma(pixel)
        val place = if (bundle.preprocess.color == "bgr") 2 - channel else channel
        return pixel shr (16 - 8 * place) and 0xff
    }

    /** ITU-R 601 in integers, as the pictures of the calibration were made gray. */
    private fun luma(pixel: Int): Int =
        (19595 * Color.red(pixel) + 38470 * Color.green(pixel) + 7471 * Color.blue(pixel) + 0x8000) shr 16

    private fun put(value: Int, channel: Int) {
        if (isFloat) buffer.putFloat(real(value, channel)) else buffer.put(quantized[channel][value])
    }

    private fun real(value: Int, channel: Int): Float = with(bundle.preprocess) {
        (value - mean[channel % mean.size]) * scale[channel % scale.size]
    }

    private fun quantize(real: Float): Byte = with(bundle.input) {
        val lowest = if (dtype == "uint8") 0 else -128
        ((real / scale).roundToInt() + zeroPoint).coerceIn(lowest, lowest + 255).toByte()
    }
}
