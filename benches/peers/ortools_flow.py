"""Token-to-expert assignment by OR-tools SimpleMinCostFlow: a worker that reads requests.

One JSON object a line on standard input, one answer a line on standard output:

    {"folder": DIR, "demand": "exactly" | "at-most", "k": K, "resolution": 1e9,
     "assignment": FILE?}
    {"status": "OPTIMAL", "objective": ..., "scale": ..., "build_ms": ..., "solve_ms": ...}

DIR holds scores.npy (float32 [T, E], -inf forbids a pair) and capacity.npy (uint32 [E]); the last
folder read stays in memory, and reading is not timed. FILE, if given, receives the assignment
(uint32 [T, k], 4294967295 = empty).

The network: a supply of k at every token, an arc of capacity 1 and cost -score to every expert, an
arc of capacity c[e] from every expert to the sink. "at-most" leaves out the arcs that cannot pay
(score <= 0) and gives each token a bypass of cost 0 to the sink.

Costs are integers: round(score * scale) with scale = resolution / max |score|, bounded so that no
product within the cost-scaling algorithm (costs times nodes) leaves 63 bits. `objective` is summed
from the scores themselves in float64, so rounding can only make it too small, by at most
tokens * k / scale.
"""

import json
import sys
import time

import numpy as np
import ortools
from ortools.graph.python import min_cost_flow

EMPTY = np.uint32(0xFFFFFFFF)


def network(scores, capacity, exactly, k, scale):
    """The network, the pair arcs in it, and the token and expert of each."""
    tokens, experts = scores.shape
    sink = tokens + experts
    allowed = np.isfinite(scores) if exactly else scores > 0
    token, expert = np.nonzero(allowed)
    token, expert = token.astype(np.int32), expert.astype(np.int32)
    cost = -np.rint(scores[token, expert].astype(np.float64) * scale).astype(np.int64)
    flow = min_cost_flow.SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        token, expert + np.int32(tokens), np.ones(len(token), np.int64), cost
    )
    flow.add_arcs_with_capacity_and_unit_cost(
        np.arange(tokens, sink, dtype=np.int32),
        np.full(experts, sink, np.int32),
        capacity.astype(np.int64),
        np.zeros(experts, np.int64),
    )
    all_tokens = np.arange(tokens, dtype=np.int32)
    supply = np.full(tokens, k, np.int64)
    if not exactly:
        flow.add_arcs_with_capacity_and_unit_cost(
            all_tokens, np.full(tokens, sink, np.int32), supply, np.zeros(tokens, np.int64)
        )
    flow.set_nodes_supplies(all_tokens, supply)
    flow.set_node_supply(sink, -tokens * k)
    return flow, arcs, token, expert


def scale_of(scores, resolution):
    """Score to integer cost: as asked, within what 63 bits hold."""
    tokens, experts = scores.shape
    largest = float(np.abs(scores, where=np.isfinite(scores), out=np.zeros_like(scores)).max())
    safe = 2.0**61 / (4 * (tokens + experts + 2))
    return min(resolution, safe) / largest if largest > 0 else 1.0


def solve(scores, capacity, request):
    exactly, k = request["demand"] == "exactly", request["k"]
    scale = scale_of(scores, request["resolution"])
    start = time.perf_counter()
    flow, arcs, token, expert = network(scores, capacity, exactly, k, scale)
    built = time.perf_counter()
    status = flow.solve()
    solved = time.perf_counter()
    answer = {
        "status": status.name,
        "scale": scale,
        "build_ms": (built - start) * 1e3,
        "solve_ms": (solved - built) * 1e3,
    }
    if status == flow.OPTIMAL:
        used = flow.flows(arcs) == 1
        token, expert = token[used], expert[used]
        answer["objective"] = float(np.sum(scores[token, expert], dtype=np.float64))
        if request.get("assignment"):
            table = np.full((len(scores), k), EMPTY, np.uint32)
            first = np.searchsorted(token, token)  # tokens ascend: nonzero is row-major
            table[token, np.arange(len(token)) - first] = expert
            np.save(request["assignment"], table)
    return answer


def main():
    folder = scores = capacity = None
    print(json.dumps({"ortools": ortools.__version__, "numpy": np.__version__}), flush=True)
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if request["folder"] != folder:
                scores = np.load(request["folder"] + "/scores.npy")
                capacity = np.load(request["folder"] + "/capacity.npy")
                folder = request["folder"]
            answer = solve(scores, capacity, request)
        except Exception as error:  # the other side must hear of it, whatever it is
            answer = {"status": "ERROR", "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
