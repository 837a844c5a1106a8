plugins {
    id("com.android.application")
    id("org.jetbrains.kotlin.android")
}

// The bundle that `edgekit convert` wrote: -Pbundle=DIR, or build/android two folders up.
val bundle = rootProject.file(providers.gradleProperty("bundle").orElse("../../build/android").get())
val bundleAssets = layout.buildDirectory.dir("bundle")

// A task of its own: Gradle skips a Copy from a folder that is not there, and its actions with it.
val checkBundle by tasks.registering {
    doLast {
        require(bundle.resolve("edgekit.json").isFile) {
            "$bundle is no bundle of edgekit convert; give one with -Pbundle=DIR"
        }
    }
}

val copyBundle by tasks.registering(Copy::class) {
    dependsOn(checkBundle)
    from(bundle) { include("model.tflite", "edgekit.json") }
    into(bundleAssets)
}

android {
    namespace = "org.edgekit.sample"
    compileSdk = 35

    defaultConfig {
        applicationId = "org.edgekit.sample"
        minSdk = 24
        targetSdk = 35
        versionCode = 1
        versionName = "1.0"
        ndk { abiFilters += listOf("arm64-v8a", "armeabi-v7a") }
    }

    sourceSets["main"].assets.srcDir(bundleAssets)
    androidResources { noCompress += "tflite" } // so that the model can be mapped

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
    kotlinOptions { jvmTarget = "17" }
}

tasks.named("preBuild") { dependsOn(copyBundle) }

dependencies {
    implementation("com.google.ai.edge.litert:litert:1.4.2")
    implementation("androidx.activity:activity-ktx:1.9.3")
    implementation("androidx.camera:camera-camera2:1.4.2")
    implementation("androidx.camera:camera-lifecycle:1.4.2")
    implementation("androidx.camera:camera-view:1.4.2")
}
