"""Makes examples/data/digits_images.npy and digits_labels.npy from scikit-learn's copy.

usage: python3 tests/reference/make_digits.py examples/data

Needs numpy and scikit-learn; the shipped files came from numpy 1.24.2 and scikit-learn 1.2.1.
Prints the SHA-256 of both files, as examples/data/README.md lists them.
"""

import hashlib
import pathlib
import sys

import numpy as np
from sklearn.datasets import load_digits

folder = pathlib.Path(sys.argv[1])
digits = load_digits()
images = digits.data.astype(np.uint8)
assert np.array_equal(images, digits.data), "pixels are whole numbers"
labels = digits.target.astype(np.uint8)
for name, array in [("digits_images.npy", images), ("digits_labels.npy", labels)]:
    np.save(folder / name, np.ascontiguousarray(array))
    print(hashlib.sha256((folder / name).read_bytes()).hexdigest(), name, array.shape, array.dtype)
