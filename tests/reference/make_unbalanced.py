"""Reference values for relaxed marginals, from POT's L-BFGS-B and majorisation-minimisation solvers.

usage: python3 tests/reference/make_unbalanced.py tests/reference

The shipped table came from numpy 2.4.6, SciPy 1.17.1 and POT 0.9.7.post1. Inputs are drawn with
splitmix64 as in make_entropic.py: masses a and b (uniform + 0.1, not divided by their sums), then x
and y, points of d coordinates; the cost is |x - y|^2.

unbalanced.csv  n, m, d, seed, epsilon, rho, the minimum of <P, C> + epsilon KL(P | a b^T) +
                rho KL(P 1 | a) + rho KL(P^T 1 | b), and by how much two solvers disagree on it:
                lbfgsb_unbalanced with sinkhorn_unbalanced, or with mm_unbalanced for epsilon 0
"""

import pathlib
import sys
import warnings

import numpy as np
import ot
from make_entropic import Splitmix, distances


def kl(p, q):
    return float(np.sum(np.where(p > 0, p * np.log(np.where(p > 0, p / q, 1.0)), 0.0) - p + q))


def value(plan, a, b, cost, epsilon, rho):
    relaxed = kl(plan.sum(1), a) + kl(plan.sum(0), b)
    return float(np.sum(plan * cost)) + epsilon * kl(plan, np.outer(a, b)) + rho * relaxed


def main():
    warnings.simplefilter("ignore")
    rows = []
    for seed, (n, m, d) in enumerate([(10, 12, 1), (8, 9, 2), (12, 7, 3)]):
        random = Splitmix(seed + 21)
        a, b = random.uniform(n) + 0.1, random.uniform(m) + 0.1
        x, y = random.uniform(n, d), random.uniform(m, d)
        cost = distances(x, y)
        for epsilon in (0.5, 0.1, 0.0):
            for rho in (0.2, 2.0):
                if epsilon > 0:
                    plan = ot.unbalanced.lbfgsb_unbalanced(a, b, cost, epsilon, rho, reg_div="kl",
                                                           numItermax=20_000, stopThr=1e-15)
                    other = ot.unbalanced.sinkhorn_unbalanced(
                        a, b, cost, epsilon, rho, reg_type="kl", numItermax=200_000,
                        stopThr=1e-15)
                else:
                    plan = ot.unbalanced.mm_unbalanced(a, b, cost, rho, div="kl",
                                                       numItermax=400_000, stopThr=1e-16)
                    other = ot.unbalanced.lbfgsb_unbalanced(a, b, cost, 0.0, rho, reg_div="kl",
                                                            numItermax=20_000, stopThr=1e-15)
                here, there = (value(p, a, b, cost, epsilon, rho) for p in (plan, other))
                rows.append((n, m, d, seed + 21, epsilon, rho, min(here, there), abs(here - there)))
    lines = ["n,m,d,seed,epsilon,rho,value,disagreement"]
    lines += [",".join(map(repr, row)) for row in rows]
    (pathlib.Path(sys.argv[1]) / "unbalanced.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
