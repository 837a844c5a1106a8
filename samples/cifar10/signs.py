"""Make a trained binarized network small: latent kernels become the signs that they stand for.

    python samples/cifar10/signs.py TRAINED.keras quicknet.keras

The network is the same, answer for answer; only training cannot go on from it. A file of
kernels of +1 and -1 compresses to a tenth.
"""

import argparse
from pathlib import Path

import keras
import numpy as np

from edgekit.converter.binary.layers import layers
from edgekit.converter.train.save import save


def main() -> None:
    """Read, take signs, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("output", type=Path)
    given = parser.parse_args()
    layers()  # registers the layers with Keras
    model = keras.models.load_model(given.source, compile=False)
    for layer in model.layers:
        if hasattr(layer, "real_weights") and layer.scale != "magnitude":
            latent = np.asarray(layer.kernel)
            layer.kernel.assign(np.where(latent >= 0, np.float32(1), np.float32(-1)))
    save(model, given.output)
    print(f"{given.source.stat().st_size:,} -> {given.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
