"""One expert a token under capacities by other exact solvers: a worker that reads requests.

One JSON object a line on standard input, one answer a line on standard output:

    {"folder": DIR, "solver": NAME, "assignment": FILE}
    {"build_ms": ..., "solve_ms": ...}

DIR holds scores.npy (float32 [T, E], finite) and capacity.npy (uint32 [E]). The last folder read stays in memory,
and reading is not timed. FILE receives the expert of each token (uint32 [T]); what it is worth, and whether it
keeps the capacities, is for the other side to find out. `build_ms` is what it takes to put the scores in the form that the
solver wants, `solve_ms` its call and nothing else.

NAME is one of

- `ortools`: SimpleMinCostFlow, as in ortools_flow.py; scores become integers of about 1e9 in the largest;
- `scipy`: linear_sum_assignment on expert copies: a column for each unit of an expert's capacity;
- `scipy-sparse`: min_weight_full_bipartite_matching on the same copies as a sparse matrix. An entry of 0 is no edge to
  it, so it gets 2 max |score| - score;
- `lapx`: lapjvr on the same copies, in float64. Of LAPX's functions for dense tables (lapjv, lapjvx, lapjvs, lapjvc,
  lapjvr, lapjvh) it was the fastest or near that on batches of 2,048 tokens, and by 10 times where there are more copies than
  tokens, as it pads no table to a square;
- `pot`: ot.emd, the network simplex. A token has mass 1, an expert its capacity, and a token more takes what is left free;
- `highs-simplex`, `highs-ipm`: HiGHS on the linear program, with its own tolerances; the interior point with crossover,
  without which an answer need not be whole.

All run on one thread.
"""

import os

for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "RAYON"):
    os.environ[f"{name}_NUM_THREADS"] = "1"

import json
import sys
import time
from importlib.metadata import version

import highspy
import lap
import numpy as np
import ot
import scipy.sparse
from ortools_flow import network, scale_of
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

PACKAGES = ("numpy", "ortools", "scipy", "lapx", "POT", "highspy")


def timed(build, solve):
    """Runs both; what `solve` returned, and what they took."""
    start = time.perf_counter()
    built = build()
    middle = time.perf_counter()
    solved = solve(built)
    end = time.perf_counter()
    return built, solved, {"build_ms": (middle - start) * 1e3, "solve_ms": (end - middle) * 1e3}


def copies(capacity):
    """The expert of each column of a table with a column a unit of capacity."""
    return np.repeat(np.arange(len(capacity), dtype=np.uint32), capacity)


def ortools(scores, capacity):
    scale = scale_of(scores, 1e9)
    instance = (scores, capacity, None, None)
    build = lambda: network(instance, True, 1, scale)
    (flow, arcs, token, expert), status, times = timed(build, lambda built: built[0].solve())
    if status != flow.OPTIMAL:
        raise RuntimeError(status.name)
    used = flow.flows(arcs) == 1
    chosen = np.full(len(scores), 0xFFFFFFFF, np.uint32)
    chosen[token[used]] = expert[used]
    return chosen, times


def scipy_dense(scores, capacity):
    build = lambda: scores.astype(np.float64)[:, copies(capacity)]
    solve = lambda table: linear_sum_assignment(table, maximize=True)
    _, (_, columns), times = timed(build, solve)
    return copies(capacity)[columns], times


def scipy_sparse(scores, capacity):
    def build():
        above = 2.0 * float(np.abs(scores).max()) or 1.0
        return scipy.sparse.csr_array((above - scores.astype(np.float64))[:, copies(capacity)])

    _, (_, columns), times = timed(build, min_weight_full_bipartite_matching)
    return copies(capacity)[columns], times


def lapx(scores, capacity):
    build = lambda: (-scores.astype(np.float64))[:, copies(capacity)]
    solve = lambda table: lap.lapjvr(table, extend_cost=True, return_cost=False)
    _, (_, columns), times = timed(build, solve)
    return copies(capacity)[columns], times


def pot(scores, capacity):
    tokens, experts = scores.shape
    free = int(capacity.sum()) - tokens

    def build():
        rows = tokens + (free > 0)
        cost, supply = np.zeros((rows, experts)), np.ones(rows)
        np.negative(scores, out=cost[:tokens], dtype=np.float64)
        supply[tokens:] = free
        return supply, capacity.astype(np.float64), cost

    # The limit of iterations is there to be out of the way: the clock of the other side ends what takes too long.
    solve = lambda built: ot.emd(*built, numItermax=10**12, numThreads=1, log=True)
    _, (plan, log), times = timed(build, solve)
    if log["warning"] is not None:
        raise RuntimeError(log["warning"])
    return whole(plan[:tokens]), times


def highs(method):
    def solver(scores, capacity):
        tokens, experts = scores.shape

        def build():
            columns = tokens * experts
            program = highspy.HighsLp()
            program.num_col_, program.num_row_ = columns, tokens + experts
            program.col_cost_ = scores.astype(np.float64).ravel()
            program.sense_ = highspy.ObjSense.kMaximize
            program.col_lower_ = np.zeros(columns)
            program.col_upper_ = np.full(columns, highspy.kHighsInf)
            program.row_lower_ = np.concatenate([np.ones(tokens), np.zeros(experts)])
            program.row_upper_ = np.concatenate([np.ones(tokens), capacity.astype(np.float64)])
            rows = np.empty((tokens, experts, 2), np.int32)
            rows[:, :, 0] = np.arange(tokens)[:, None]
            rows[:, :, 1] = tokens + np.arange(experts)
            program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
            program.a_matrix_.start_ = np.arange(0, 2 * columns + 1, 2, dtype=np.int32)
            program.a_matrix_.index_ = rows.ravel()
            program.a_matrix_.value_ = np.ones(2 * columns)
            model = highspy.Highs()
            for option, value in (("output_flag", False), ("threads", 1), ("solver", method)):
                model.setOptionValue(option, value)
            model.passModel(program)
            return model

        def solve(model):
            model.run()
            return np.asarray(model.getSolution().col_value)

        model, values, times = timed(build, solve)
        if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(model.modelStatusToString(model.getModelStatus()))
        return whole(values.reshape(tokens, experts)), times

    return solver


def whole(plan):
    """The expert of each token of a plan that splits none."""
    chosen = plan.argmax(axis=1)
    if len(plan) and plan[np.arange(len(plan)), chosen].min() < 1 - 1e-6:
        raise RuntimeError("a token is split between experts")
    return chosen.astype(np.uint32)


SOLVERS = {
    "ortools": ortools,
    "scipy": scipy_dense,
    "scipy-sparse": scipy_sparse,
    "lapx": lapx,
    "pot": pot,
    "highs-simplex": highs("simplex"),
    "highs-ipm": highs("ipm"),
}


def main():
    folder = instance = None
    # HiGHS greets on standard output: answers keep it to themselves, and all else goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    print(json.dumps({name: version(name) for name in PACKAGES}), file=answers, flush=True)
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if request["folder"] != folder:
                folder = request["folder"]
                instance = [np.load(f"{folder}/{name}.npy") for name in ("scores", "capacity")]
            chosen, answer = SOLVERS[request["solver"]](*instance)
            np.save(request["assignment"], chosen)
        except Exception as error:  # the other side must hear of it, whatever it is
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
