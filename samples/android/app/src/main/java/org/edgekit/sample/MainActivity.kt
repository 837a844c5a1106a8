package org.edgekit.sample

import android.Manifest
import android.content.pm.PackageManager
import android.graphics.Color
import android.os.Build
import android.os.Bundle as State
import android.os.PowerManager
import android.view.Gravity
import android.view.OrientationEventListener
import android.widget.FrameLayout
import android.widget.TextView
import androidx.activity.ComponentActivity
import androidx.activity.result.contract.ActivityResultContracts
import androidx.camera.core.CameraSelector
import androidx.camera.core.ImageAnalysis
import androidx.camera.core.ImageProxy
import androidx.camera.core.Preview
import androidx.camera.core.UseCase
import androidx.camera.lifecycle.ProcessCameraProvider
import androidx.camera.view.PreviewView
import androidx.core.content.ContextCompat
import java.util.concurrent.Executors

/** Camera preview, and over it what the model sees, how long it takes and whether the phone throttles. */
class MainActivity : ComponentActivity() {
    private lateinit var preview: PreviewView
    private lateinit var text: TextView
    private lateinit var bundle: Bundle
    private lateinit var classifier: Classifier
    private lateinit var frames: FrameConverter
    private val worker = Executors.newSingleThreadExecutor()
    private val analysis = ImageAnalysis.Builder()
        .setBackpressureStrategy(ImageAnalysis.STRATEGY_KEEP_ONLY_LATEST)
        .setOutputImageFormat(ImageAnalysis.OUTPUT_IMAGE_FORMAT_RGBA_8888)
        .build()

    /** Frames say how far they are from upright; the activity stays when the phone is turned, so they must be told. */
    private val turning by lazy {
        object : OrientationEventListener(this) {
            override fun onOrientationChanged(orientation: Int) {
                if (orientation != ORIENTATION_UNKNOWN) {
                    analysis.targetRotation = UseCase.snapToSurfaceRotation(orientation)
                }
            }
        }
    }

    private val askForCamera =
        registerForActivityResult(ActivityResultContracts.RequestPermission()) { allowed ->
            if (allowed) startCamera() else text.setText(R.string.needs_camera)
        }

    override fun onCreate(savedInstanceState: State?) {
        super.onCreate(savedInstanceState)
        bundle = Bundle(assets)
        classifier = Classifier(bundle, threads = 4)
        frames = FrameConverter(bundle)
        analysis.setAnalyzer(worker, ::analyze)
        preview = PreviewView(this).apply { keepScreenOn = true }
        text = TextView(this).apply {
            setTextColor(Color.WHITE)
            setBackgroundColor(Color.argb(160, 0, 0, 0))
            setPadding(32, 32, 32, 48)
            textSize = 18f
        }
        val atBottom = FrameLayout.LayoutParams(
            FrameLayout.LayoutParams.MATCH_PARENT,
            FrameLayout.LayoutParams.WRAP_CONTENT,
            Gravity.BOTTOM,
        )
        setContentView(
            FrameLayout(this).apply {
                fitsSystemWindows = true // from target SDK 35 on the system bars lie over the content
                addView(preview)
                addView(text, atBottom)
            },
        )
        val known = ContextCompat.checkSelfPermission(this, Manifest.permission.CAMERA)
        if (known == PackageManager.PERMISSION_GRANTED) startCamera() else askForCamera.launch(Manifest.permission.CAMERA)
    }

    private fun startCamera() {
        val coming = ProcessCameraProvider.getInstance(this)
        coming.addListener({
            val shown = Preview.Builder().build().apply { surfaceProvider = preview.surfaceProvider }
            coming.get().run {
                unbindAll()
                bindToLifecycle(this@MainActivity, CameraSelector.DEFAULT_BACK_CAMERA, shown, analysis)
            }
        }, ContextCompat.getMainExecutor(this))
    }

    private fun analyze(image: ImageProxy) {
        val best = image.use {
            classifier.classify(frames.convert(it.toBitmap(), it.imageInfo.rotationDegrees), count = 3)
        }
        val lines = best.map { "%s  %.2f".format(it.label, it.value) } + speed()
        runOnUiThread { text.text = lines.joinToString("\n") }
    }

    private fun speed(): String {
        val median = classifier.latency.percentile(0.5) ?: return "warming up"
        val late = classifier.latency.percentile(0.95)
        return "%s: %.2f ms, 95 %% within %.2f ms%s".format(bundle.name, median, late, throttling())
    }

    private fun throttling(): String {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.Q) return ""
        val status = getSystemService(PowerManager::class.java).currentThermalStatus
        return if (status == PowerManager.THERMAL_STATUS_NONE) "" else ", throttling (level $status)"
    }

    override fun onStart() {
        super.onStart()
        turning.enable()
    }

    override fun onStop() {
        turning.disable()
        super.onStop()
    }

    override fun onDestroy() {
        super.onDestroy()
        analysis.clearAnalyzer()
        worker.execute(classifier::close)
        worker.shutdown()
    }
}
