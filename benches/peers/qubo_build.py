"""The assignment problem as a QUBO, by dimod, ommx and pyqubo: a worker that reads requests.

One JSON object a line on standard input, one answer a line on standard output:

    {"peer": "dimod-bqm" | "dimod-cqm" | "ommx" | "pyqubo", "scores": FILE, "k": K,
     "capacity": C, "weight": W, "states": FILE?}
    {"build_ms": ..., "compile_ms": ..., "variables": ..., "couplings": ..., "energies": [...]?}

FILE holds float32 [T, E] scores; reading is not timed. Binaries x[t, e], objective -sum(scores * x),
rows sum_e x[t, e] = K, columns sum_t x[t, e] <= C with a binary slack, both with the penalty
weight W. `build_ms` is writing the problem down in the peer's language, `compile_ms` making the QUBO
of it; where the language has no such step the first is all. Each peer is used as its documentation
shows and in the fastest of the ways that were tried: dimod both by the penalty methods of its
BinaryQuadraticModel, which keep no constraints, and by its ConstrainedQuadraticModel, which does.

With "states" (int8 [reads, variables], x row by row, then the slack bits of one column after another)
the answer holds their energies; only dimod numbers its variables so.
"""

import json
import sys
import time
from importlib.metadata import version

import dimod
import numpy as np
import pyqubo
from ommx.v1 import DecisionVariable, Instance


def dimod_bqm(scores, k, capacity, weight):
    tokens, experts = scores.shape
    bqm = dimod.BinaryQuadraticModel("BINARY")
    bqm.add_linear_from_array(-scores.ravel())
    for t in range(tokens):
        row = [(t * experts + e, 1) for e in range(experts)]
        bqm.add_linear_equality_constraint(row, weight, -k)
    for e in range(experts):
        column = [(t * experts + e, 1) for t in range(tokens)]
        bqm.add_linear_inequality_constraint(column, weight, f"expert {e}", ub=capacity)
    return time.perf_counter(), lambda: bqm


def dimod_cqm(scores, k, capacity, weight):
    tokens, experts = scores.shape
    cqm = dimod.ConstrainedQuadraticModel()
    x = [[dimod.Binary(t * experts + e) for e in range(experts)] for t in range(tokens)]
    cqm.set_objective(
        dimod.quicksum(-scores[t, e] * x[t][e] for t in range(tokens) for e in range(experts))
    )
    for t in range(tokens):
        cqm.add_constraint(dimod.quicksum(x[t]) == k, label=f"token {t}")
    for e in range(experts):
        column = dimod.quicksum(x[t][e] for t in range(tokens))
        cqm.add_constraint(column <= capacity, label=f"expert {e}")
    built = time.perf_counter()
    return built, lambda: dimod.cqm_to_bqm(cqm, lagrange_multiplier=weight)[0]


def with_ommx(scores, k, capacity, weight):
    tokens, experts = scores.shape
    x = [
        [DecisionVariable.binary(t * experts + e, name="x", subscripts=[t, e]) for e in range(experts)]
        for t in range(tokens)
    ]
    objective = sum(-scores[t, e] * x[t][e] for t in range(tokens) for e in range(experts))
    rows = [(sum(x[t]) == k).set_id(t) for t in range(tokens)]
    columns = [
        (sum(x[t][e] for t in range(tokens)) <= capacity).set_id(tokens + e) for e in range(experts)
    ]
    instance = Instance.from_components(
        decision_variables=[variable for row in x for variable in row],
        objective=objective,
        constraints=rows + columns,
        sense=Instance.MINIMIZE,
    )
    built = time.perf_counter()
    return built, lambda: instance.to_qubo(uniform_penalty_weight=weight)[0]


def with_pyqubo(scores, k, capacity, weight):
    tokens, experts = scores.shape
    x = pyqubo.Array.create("x", shape=(tokens, experts), vartype="BINARY")
    energy = sum(-scores[t, e] * x[t, e] for t in range(tokens) for e in range(experts))
    for t in range(tokens):
        row = sum(x[t, e] for e in range(experts))
        energy += weight * pyqubo.Constraint((row - k) ** 2, label=f"token {t}")
    for e in range(experts):
        column = sum(x[t, e] for t in range(tokens))
        slack = pyqubo.LogEncInteger(f"slack {e}", (0, capacity))
        energy += weight * pyqubo.Constraint((column + slack - capacity) ** 2, label=f"expert {e}")
    built = time.perf_counter()
    return built, lambda: energy.compile().to_qubo()[0]


PEERS = {"dimod-bqm": dimod_bqm, "dimod-cqm": dimod_cqm, "ommx": with_ommx, "pyqubo": with_pyqubo}


def answer(request):
    scores = np.load(request["scores"]).astype(np.float64)
    arguments = scores, request["k"], request["capacity"], request["weight"]
    start = time.perf_counter()
    built, compile_model = PEERS[request["peer"]](*arguments)
    model = compile_model()
    ended = time.perf_counter()
    result = {"build_ms": (built - start) * 1e3, "compile_ms": (ended - built) * 1e3}
    if isinstance(model, dict):
        variables = {variable for pair in model for variable in pair}
        result["couplings"] = sum(i != j for i, j in model)
        return result | {"variables": len(variables)}
    result |= {"variables": model.num_variables, "couplings": model.num_interactions}
    if request.get("states"):
        states = np.load(request["states"])
        result["energies"] = model.energies((states, list(model.variables))).tolist()
    return result


def main():
    print(json.dumps({name: version(name) for name in ("dimod", "ommx", "pyqubo")}), flush=True)
    for line in sys.stdin:
        try:
            result = answer(json.loads(line))
        except Exception as error:  # the other side must hear of it, whatever it is
            result = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
