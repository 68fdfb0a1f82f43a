"""Reference values for distances between samples, from SciPy and POT.

usage: python3 tests/reference/make_distances.py tests/reference

The shipped tables came from numpy 2.4.6, scipy 1.17.1 and POT 0.9.7.post1. Inputs are drawn with
splitmix64, which tests/support/splitmix.hpp repeats bit for bit: x (n points of d coordinates)
first, then y, then weights where there are any. Values are printed with 17 digits.

assignment.csv  mean squared distance under scipy.optimize.linear_sum_assignment
univariate.csv  W_p^p of weighted points on the line by ot.emd2; the weights are uniforms divided
                by their sum
samples.csv     scipy.stats.energy_distance squared and the Kolmogorov-Smirnov statistic of
                scipy.stats.ks_2samp, for points on the line
"""

import pathlib
import sys

import numpy as np
import ot
from scipy.optimize import linear_sum_assignment
from scipy.stats import energy_distance, ks_2samp

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


def write(path, header, rows):
    with open(path, "w") as file:
        file.write(header + "\n")
        for row in rows:
            file.write(",".join(repr(float(v)) if isinstance(v, float) else str(v) for v in row))
            file.write("\n")


def assignment_rows():
    sizes = [(2, 1), (13, 1), (50, 2), (200, 2), (100, 3), (150, 16), (64, 64)]
    for seed, (n, d) in enumerate(sizes):
        draws = Splitmix(100 + seed)
        x, y = draws.uniform(n, d), draws.uniform(n, d)
        cost = ((x[:, None] - y[None]) ** 2).sum(-1)
        i, j = linear_sum_assignment(cost)
        yield 100 + seed, n, d, float(cost[i, j].mean())


def univariate_rows():
    sizes = [(1, 5), (20, 20), (35, 50), (80, 30)]
    for seed, (n, m) in enumerate(sizes):
        for p in [1.0, 1.5, 2.0, 3.0]:
            draws = Splitmix(200 + seed)
            x, y = draws.uniform(n), draws.uniform(m)
            a, b = draws.uniform(n), draws.uniform(m)
            a, b = a / a.sum(), b / b.sum()
            cost = np.abs(x[:, None] - y[None]) ** p
            yield 200 + seed, n, m, p, float(ot.emd2(a, b, cost, numItermax=10**7))


def sample_rows():
    for seed, (n, m) in enumerate([(10, 10), (25, 40), (100, 80)]):
        draws = Splitmix(300 + seed)
        x, y = draws.uniform(n), draws.uniform(m) ** 2
        yield 300 + seed, n, m, float(energy_distance(x, y) ** 2), float(ks_2samp(x, y).statistic)


folder = pathlib.Path(sys.argv[1])
write(folder / "assignment.csv", "seed,n,d,mean_cost", assignment_rows())
write(folder / "univariate.csv", "seed,n,m,p,cost", univariate_rows())
write(folder / "samples.csv", "seed,n,m,energy_distance,kolmogorov_smirnov", sample_rows())
