"""Runs this library and its peers alternately on the same problems and checks every answer.

usage: python3 bench/peers/run.py build/release/bench/peers_solve [--repeat 3] [--only TEXT]

Peers come from PyPI: numpy scipy pot lapx, in an environment of their own. One thread; CPU seconds
of the process, the median of the repetitions; cost matrices of the peers are built before the clock
starts. Every answer is checked here from the problem alone, in extended precision: the marginals of
the coupling, its cost, and the highest lower bound that the returned potentials prove.

A new solver joins as a line in `solvers` of solve.cpp, a problem in `PROBLEMS` and its peers in
`PEERS`.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
os.environ.setdefault("POT_BACKEND_DISABLE_PYTORCH", "1")
import numpy as np


def squared_distances(x, y):
    return np.maximum((x * x).sum(1)[:, None] + (y * y).sum(1)[None] - 2 * x @ y.T, 0)


def points(n, d, weights):
    def make():
        draw = np.random.default_rng(1000 * d + n)
        x, y = draw.random((n, d)), draw.random((n, d))
        a = np.full(n, 1 / n) if weights == "uniform" else draw.random(n) + 1e-3
        b = np.full(n, 1 / n) if weights == "uniform" else draw.random(n) + 1e-3
        return {"x": x, "y": y, "a": a / a.sum(), "b": b / b.sum()}

    return make


def dense(n, d, weights):
    def make():
        p = points(n, d, weights)()
        return {"cost": squared_distances(p["x"], p["y"]), "a": p["a"], "b": p["b"]}

    return make


def matrix(n, kind):
    def make():
        draw = np.random.default_rng(n)
        if kind == "uniform":
            cost = draw.random((n, n))
        elif kind == "gaussian":
            cost = draw.standard_normal((n, n))
        else:
            cost = draw.integers(0, 1000, (n, n)).astype(float)
        return {"cost": cost, "a": np.full(n, 1 / n), "b": np.full(n, 1 / n)}

    return make


PROBLEMS = {  # name: (solver of solve.cpp, inputs)
    **{f"exact points n={n} d={d} {w}": ("exact", points(n, d, w))
       for n in (1000, 4000) for d in (2, 16) for w in ("uniform", "random")},
    **{f"exact dense n={n} d={d} {w}": ("exact_dense", dense(n, d, w))
       for n in (4000,) for d in (2, 16) for w in ("uniform", "random")},
    **{f"assignment n={n} {k}": ("assignment", matrix(n, k))
       for n in (1000, 4000) for k in ("uniform", "gaussian", "integer")},
}


def pot(problem):
    import ot

    plan = ot.emd(problem["a"], problem["b"], problem["C"], numItermax=10**9)
    i, j = np.nonzero(plan)
    return i, j, plan[i, j]


def scipy_assignment(problem):
    from scipy.optimize import linear_sum_assignment

    i, j = linear_sum_assignment(problem["C"])
    return i, j, np.full(len(i), 1 / len(i))


def lapx(problem):
    import lap

    _, j, _ = lap.lapjv(problem["C"])
    return np.arange(len(j)), j, np.full(len(j), 1 / len(j))


PEERS = {  # solver: peers, each with the problems that it can take
    "exact": [("POT", pot, lambda name: True),
              ("SciPy", scipy_assignment, lambda name: "uniform" in name)],
    "exact_dense": [("POT", pot, lambda name: True),
                    ("SciPy", scipy_assignment, lambda name: "uniform" in name)],
    "assignment": [("SciPy", scipy_assignment, lambda name: True),
                   ("lapx", lapx, lambda name: True)],
}


def run_peer(solve, problem):
    begin = time.process_time()
    coupling = solve(problem)
    return time.process_time() - begin, coupling


def run_ours(program, solver, folder):
    out = subprocess.run([program, solver, str(folder), "1"], capture_output=True, text=True, check=True)
    said = json.loads(out.stdout)
    entries = np.load(folder / "entries.npy")
    return said, (entries[:, 0].astype(int), entries[:, 1].astype(int), entries[:, 2])


def errors(problem, coupling):
    """Largest marginal error and cost of a coupling, in extended precision."""
    i, j, mass = coupling
    mass = mass.astype(np.longdouble)
    rows, cols = np.zeros(len(problem["a"]), np.longdouble), np.zeros(len(problem["b"]), np.longdouble)
    np.add.at(rows, i, mass)
    np.add.at(cols, j, mass)
    off = max(abs(rows - problem["a"]).sum(), abs(cols - problem["b"]).sum())
    return float(off), float((mass * problem["C"][i, j]).sum())


def proven(problem, folder):
    """The lower bound that the written potentials prove: g is replaced by the highest feasible."""
    f = np.load(folder / "f.npy").ravel()
    g = (problem["C"] - f[:, None]).min(axis=0)
    wide = np.longdouble
    return float((problem["a"].astype(wide) * f).sum() + (problem["b"].astype(wide) * g).sum())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    print("| problem | ours, s | peak, MB | gap proven | marginals | peer | s | ratio | cost off |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, (solver, make) in PROBLEMS.items():
        if options.only not in name:
            continue
        problem = make()
        peers = [p for p in PEERS[solver] if p[2](name)]
        with tempfile.TemporaryDirectory() as text:
            folder = pathlib.Path(text)
            for key, value in problem.items():
                # Costs one target after another: a C-ordered array of the transpose.
                np.save(folder / f"{key}.npy", np.ascontiguousarray(value.T if key == "cost" else value))
            problem["C"] = problem.get("cost", None)
            if problem["C"] is None:
                problem["C"] = squared_distances(problem["x"], problem["y"])
            ours, theirs, costs = [], {p[0]: [] for p in peers}, {}
            for _ in range(options.repeat):
                said, coupling = run_ours(options.program, solver, folder)
                ours.append(said["cpu"])
                for peer, solve, _ in peers:
                    seconds, answer = run_peer(solve, problem)
                    theirs[peer].append(seconds)
                    costs[peer] = errors(problem, answer)[1]
            off, cost = errors(problem, coupling)
            gap = cost - proven(problem, folder)
        mine = statistics.median(ours)
        for peer in theirs:
            other = statistics.median(theirs[peer])
            print(f"| {name} | {mine:.3f} | {said['peak_mb']} | {gap:.1e} | {off:.1e} | {peer} | "
                  f"{other:.3f} | {other / mine:.1f} | {costs[peer] - cost:.1e} |", flush=True)


if __name__ == "__main__":
    main()
