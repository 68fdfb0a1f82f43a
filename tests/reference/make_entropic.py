"""Reference values for entropic transport, from POT.

usage: python3 tests/reference/make_entropic.py tests/reference

The shipped table came from numpy 2.4.6 and POT 0.9.7.post1. Inputs are drawn with splitmix64, which
tests/support/splitmix.hpp repeats bit for bit: weights a and b (uniform + 0.1, divided by their
sums), then x and y, points of d coordinates.

entropic.csv  n, m, d, seed, epsilon, <P, C> by ot.sinkhorn (method sinkhorn_log, L2 error 1e-12),
              the dual value with KL against a b^T, and the Sinkhorn divergence from three such runs
"""

import pathlib
import sys
import warnings

import numpy as np
import ot

MASK = (1 << 64) - 1


class Splitmix:
    def __init__(self, seed):
        self.state = seed

    def uniform(self, *shape):
        return np.array([self.one() for _ in range(int(np.prod(shape)))]).reshape(shape)

    def one(self):
        self.state = z = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return ((z ^ (z >> 31)) >> 11) * 2.0**-53


def entropic(a, b, cost, epsilon):
    plan = ot.sinkhorn(a, b, cost, epsilon, method="sinkhorn_log", numItermax=20_000,
                       stopThr=1e-12)
    linear = float(np.sum(plan * cost))
    ratio = plan / np.outer(a, b)
    divergence = float(np.sum(plan * np.log(np.where(plan > 0, ratio, 1.0))))
    return linear, linear + epsilon * divergence


def distances(x, y):
    return ((x[:, None, :] - y[None, :, :])**2).sum(2)


def main():
    warnings.simplefilter("ignore")
    rows = []
    for seed, (n, m, d) in enumerate([(10, 12, 1), (15, 9, 2), (20, 20, 3), (7, 25, 5)]):
        random = Splitmix(seed + 1)
        a, b = random.uniform(n) + 0.1, random.uniform(m) + 0.1
        a, b = a / a.sum(), b / b.sum()
        x, y = random.uniform(n, d), random.uniform(m, d)
        for epsilon in (1.0, 0.2, 0.05):
            linear, kl = entropic(a, b, distances(x, y), epsilon)
            own = [entropic(w, w, distances(z, z), epsilon)[1] for w, z in ((a, x), (b, y))]
            rows.append(f"{n},{m},{d},{seed + 1},{epsilon!r},{linear!r},{kl!r},"
                        f"{kl - 0.5 * sum(own)!r}")
    text = "n,m,d,seed,epsilon,linear_cost,kl_cost,divergence\n" + "\n".join(rows) + "\n"
    (pathlib.Path(sys.argv[1]) / "entropic.csv").write_text(text)


main()
