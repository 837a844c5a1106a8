"""Training of small networks for small inputs, with Keras 3 on TensorFlow."""
