"""Makes examples/data/photographer.npy from scikit-image's copy of the photograph "camera".

usage: python3 tests/reference/make_photographer.py examples/data

Needs numpy and scikit-image; the shipped file came from the versions that are printed.
Prints the SHA-256, as examples/data/README.md lists it.
"""

import hashlib
import pathlib
import sys

import numpy as np
import skimage
from skimage.data import camera

folder = pathlib.Path(sys.argv[1])
photograph = camera()
assert photograph.shape == (512, 512) and photograph.dtype == np.uint8
# Means of blocks of four pixels, halves rounded up: in integers, so that every version agrees.
blocks = photograph.reshape(256, 2, 256, 2).astype(np.int64).sum(axis=(1, 3))
image = ((blocks + 2) // 4).astype(np.uint8)
path = folder / "photographer.npy"
np.save(path, image)
print("numpy", np.__version__, "scikit-image", skimage.__version__)
print(hashlib.sha256(path.read_bytes()).hexdigest(), path.name, image.shape, image.dtype)
