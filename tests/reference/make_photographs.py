"""Makes examples/data/photograph_rocket.npy and photograph_coffee.npy from scikit-image's copies.

usage: python3 tests/reference/make_photographs.py examples/data

Needs numpy, pillow and scikit-image; the shipped files came from numpy 1.26.4, pillow 13.0.0 and
scikit-image 0.22.0, whose `skimage/data/_fetchers.py` states where the photographs come from and
under which terms. Prints the SHA-256 of both files, as examples/data/README.md lists them.
"""

import hashlib
import importlib.util
import pathlib
import sys

import numpy as np
from PIL import Image

folder = pathlib.Path(sys.argv[1])
# The package is located and not imported: its own requirements are not needed for two pictures.
package = pathlib.Path(importlib.util.find_spec("skimage").origin).parent
for source, name in [("rocket.jpg", "photograph_rocket.npy"),
                     ("coffee.png", "photograph_coffee.npy")]:
    photograph = Image.open(package / "data" / source).convert("RGB")
    pixels = np.asarray(photograph.resize((400, 267), Image.Resampling.LANCZOS), dtype=np.uint8)
    np.save(folder / name, np.ascontiguousarray(pixels))
    print(hashlib.sha256((folder / name).read_bytes()).hexdigest(), name, pixels.shape, pixels.dtype)
