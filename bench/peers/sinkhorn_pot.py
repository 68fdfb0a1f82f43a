"""POT's Sinkhorn variants on the problems of bench/ot/sinkhorn_bench.cpp: points in the unit square
with random weights, drawn by SplitMix64 in both. CPU seconds of one thread; the L1 error of the
returned coupling is computed here.

usage: OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 \
       python3 sinkhorn_pot.py iteration METHOD n iterations
       python3 sinkhorn_pot.py tolerance METHOD n share_of_median tolerance
Needs numpy and POT (measured with 0.9.7.post1).
"""
import sys
import time
import warnings

import numpy as np
import ot


def splitmix(seed, count):
    state = np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, count + 1, dtype=np.uint64)
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def problem(n):
    u = splitmix(7, 6 * n)
    a, b = u[:n] + 0.1, u[n:2 * n] + 0.1
    x, y = u[2 * n:4 * n].reshape(n, 2), u[4 * n:].reshape(n, 2)
    cost = ((x[:, None, :] - y[None, :, :])**2).sum(2)
    return a / a.sum(), b / b.sum(), cost


def main():
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    task, method, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
    a, b, cost = problem(n)
    if task == "iteration":
        epsilon, iterations, tolerance = 0.1 * np.median(cost), int(sys.argv[4]), 0.0
    else:
        epsilon, iterations = float(sys.argv[4]) * np.median(cost), 1_000_000
        tolerance = float(sys.argv[5]) / np.sqrt(n)  # POT stops on the L2 norm
    start = time.process_time()
    plan = ot.sinkhorn(a, b, cost, epsilon, method=method, numItermax=iterations,
                       stopThr=tolerance, warn=False)
    seconds = time.process_time() - start
    error = abs(plan.sum(1) - a).sum() + abs(plan.sum(0) - b).sum()
    each = f", {seconds / iterations * 1e3:.2f} ms an iteration" if task == "iteration" else ""
    print(f"POT {ot.__version__} {method} n={n} {' '.join(sys.argv[4:])}: {seconds:.3f} s{each}, "
          f"L1 error {error:.1e}, <P, C> {np.sum(plan * cost):.12f}", flush=True)


main()
