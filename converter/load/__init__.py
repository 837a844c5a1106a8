"""Reading models of every supported format into graphs."""

from edgekit.converter.load.dequantize import dequantize_graph
from edgekit.converter.load.detect import ZOO, Format, detect
from edgekit.converter.load.estimator import UNTRUSTED
from edgekit.converter.load.load import load_model
from edgekit.converter.load.model import LoadedModel, ZooOptions

__all__ = [
    "UNTRUSTED",
    "ZOO",
    "Format",
    "LoadedModel",
    "ZooOptions",
    "dequantize_graph",
    "detect",
    "load_model",
]
