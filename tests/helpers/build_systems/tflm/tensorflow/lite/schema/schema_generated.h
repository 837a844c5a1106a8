#pragma once

namespace tflite {
inline const void *GetModel(const void *bytes) { return bytes; }
}
