"""Reference values for barycenters on a fixed support, from POT.

usage: python3 tests/reference/make_barycenters.py tests/reference

The shipped table came from numpy 2.4.6 and POT 0.9.7. Masses are drawn with splitmix64, which
tests/support/splitmix.hpp repeats bit for bit: two of 12 on the points 0, 1/11, ..., 1 (uniform
+ 0.1, divided by their sums).

barycenters.csv  seed, 1 if debiased, epsilon, weight of the first, the 12 masses by
                 ot.bregman.barycenter or barycenter_debiased (cost |x - y|^2, error 1e-14),
                 method sinkhorn_log: the plain method starts unequal weights from potentials
                 whose weighted sum is not zero, and keeps that
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


def main():
    warnings.simplefilter("ignore")
    x = np.arange(12) / 11
    cost = (x[:, None] - x[None, :])**2
    rows = []
    for seed in (1, 2):
        random = Splitmix(seed)
        a, b = (random.uniform(12) + 0.1 for _ in range(2))
        both = np.stack([a / a.sum(), b / b.sum()], 1)
        for debiased, solve in enumerate((ot.bregman.barycenter, ot.bregman.barycenter_debiased)):
            for epsilon, weight in (((0.2, 0.5), (0.05, 0.3)), ((0.01, 0.5), (0.004, 0.3)))[debiased]:
                masses = solve(both, cost, epsilon, weights=np.array([weight, 1 - weight]),
                               method="sinkhorn_log", numItermax=5000, stopThr=1e-14)
                masses = masses / masses.sum()
                rows.append(",".join(map(repr, [seed, debiased, epsilon, weight] +
                                         [float(m) for m in masses])))
    header = "seed,debiased,epsilon,weight," + ",".join(f"mass_{i}" for i in range(12))
    (pathlib.Path(sys.argv[1]) / "barycenters.csv").write_text("\n".join([header] + rows) + "\n")


main()
