"""RegOT's second-order Sinkhorn solvers on the problems of sinkhorn_pot.py; CPU seconds of one thread.

usage: OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
       python3 sinkhorn_regot.py METHOD n share_of_median tolerance
METHOD is ssns, splr, lbfgs_dual or bcd. Needs numpy and regot (measured with 0.0.3).
"""
import sys
import time

import numpy as np
import regot


def splitmix(seed, count):
    z = np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, count + 1, dtype=np.uint64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def main():
    np.seterr(all="ignore")
    method, n, share, tolerance = sys.argv[1], int(sys.argv[2]), *map(float, sys.argv[3:5])
    u = splitmix(7, 6 * n)
    a, b = u[:n] + 0.1, u[n:2 * n] + 0.1
    a, b = a / a.sum(), b / b.sum()
    x, y = u[2 * n:4 * n].reshape(n, 2), u[4 * n:].reshape(n, 2)
    cost = np.asfortranarray(((x[:, None, :] - y[None, :, :])**2).sum(2))
    solve = getattr(regot, "sinkhorn_" + method)
    start = time.process_time()
    # RegOT stops on the L2 norm of the gradient.
    result = solve(cost, a, b, share * np.median(cost), tolerance / np.sqrt(2 * n), 5000)
    seconds = time.process_time() - start
    error = abs(result.plan.sum(1) - a).sum() + abs(result.plan.sum(0) - b).sum()
    print(f"regot {method} n={n} {share:g} {tolerance:g}: {seconds:.3f} s, {result.niter} iterations, "
          f"L1 error {error:.1e}, <P, C> {np.sum(result.plan * cost):.12f}", flush=True)


main()
