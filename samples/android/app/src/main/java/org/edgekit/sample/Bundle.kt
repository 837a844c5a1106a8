package org.edgekit.sample

import android.content.res.AssetManager
import org.json.JSONArray
import org.json.JSONObject
import java.io.FileInputStream
import java.nio.MappedByteBuffer
import java.nio.channels.FileChannel

/** One tensor at the model's border: `shape` with the batch axis, `real = scale * (q - zeroPoint)`. */
data class Border(val shape: List<Int>, val dtype: String, val scale: Float, val zeroPoint: Int)

/** How pixels 0..255 become real inputs: `(pixel - mean) * scale`, per channel or one for all. */
data class Preprocess(val mean: List<Float>, val scale: List<Float>, val color: String, val crop: Boolean)

/** What `edgekit convert` wrote, from the app's assets: the model and what edgekit.json says of it. */
class Bundle(assets: AssetManager) {
    val model: MappedByteBuffer = assets.openFd("model.tflite").use { file ->
        FileInputStream(file.fileDescriptor).channel.use {
            it.map(FileChannel.MapMode.READ_ONLY, file.startOffset, file.declaredLength)
        }
    }

    private val manifest =
        JSONObject(assets.open("edgekit.json").bufferedReader().use { it.readText() })

    val name: String = manifest.getString("name")
    val labels: List<String> = manifest.optJSONArray("labels")?.strings() ?: emptyList()
    val input: Border = border("inputs")
    val output: Border = border("outputs")

    val preprocess: Preprocess = manifest.getJSONObject("preprocess").let {
        Preprocess(
            it.getJSONArray("mean").floats(),
            it.getJSONArray("scale").floats(),
            it.optString("color", "rgb"),
            it.optString("resize") == "crop",
        )
    }

    init {
        require(input.shape.size == 4 && input.shape[3] in listOf(1, 3)) {
            "$name takes ${input.shape}, and a camera gives images: 1 x height x width x 1 or 3"
        }
        require(input.dtype in BYTE_TYPES + "float32" && output.dtype in BYTE_TYPES + "float32") {
            "$name has ${input.dtype} inputs and ${output.dtype} outputs; this app knows int8, uint8 and float32"
        }
    }

    private fun border(key: String): Border = manifest.getJSONArray(key).getJSONObject(0).let {
        val shape = it.getJSONArray("shape")
        Border(
            List(shape.length(), shape::getInt),
            it.getString("dtype"),
            it.optDouble("scale", 1.0).toFloat(),
            it.optInt("zero_point", 0),
        )
    }

    private fun JSONArray.strings() = List(length()) { getString(it) }

    private fun JSONArray.floats() = List(length()) { getDouble(it).toFloat() }

    companion object {
        val BYTE_TYPES = listOf("int8", "uint8")
    }
}
