/* Stand-in for TensorFlow Lite Micro's interpreter: it runs the generated C of the same model. */
#pragma once
#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

extern "C" {
#include "ek_model.h"
extern const ek_model_t STAND_IN_MODEL;
}

struct TfLiteTensor {
    union {
        char *raw;
    } data;
};

namespace tflite {
class MicroInterpreter {
public:
    template <typename Resolver>
    MicroInterpreter(const void *, const Resolver &, uint8_t *arena, size_t size)
        : arena_(arena), size_(size)
    {
    }
    TfLiteStatus AllocateTensors()
    {
        return size_ < STAND_IN_MODEL.arena_bytes ? kTfLiteError : kTfLiteOk;
    }
    size_t arena_used_bytes() const { return STAND_IN_MODEL.arena_bytes; }
    TfLiteTensor *input(int index) { return at(STAND_IN_MODEL.input[index]); }
    TfLiteTensor *output(int index) { return at(STAND_IN_MODEL.output[index]); }
    TfLiteStatus Invoke()
    {
        STAND_IN_MODEL.invoke(arena_);
        return kTfLiteOk;
    }

private:
    TfLiteTensor *at(const ek_tensor_t &tensor)
    {
        found_.data.raw = reinterpret_cast<char *>(arena_ + tensor.offset);
        return &found_;
    }
    uint8_t *arena_;
    size_t size_;
    TfLiteTensor found_;
};
}
