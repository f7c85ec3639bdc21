"""Token-to-expert assignment by OR-tools SimpleMinCostFlow: a worker that reads requests.

One JSON object a line on standard input, one answer a line on standard output:

    {"folder": DIR, "demand": "exactly" | "at-most", "k": K, "resolution": 1e9,
     "assignment": FILE?}
    {"status": "OPTIMAL", "objective": ..., "scale": ..., "build_ms": ..., "solve_ms": ...}

DIR holds scores.npy (float32 [T, E], -inf forbids a pair) and capacity.npy (uint32 [E]), and may hold
demands.npy (uint32 [T], experts a token takes) and nodes.npy (float64 [N, 5]): for every expert, then every
group, the node around it (-1: none; a group g is node E + g), its minimum, its capacity, how many units it
may hold beyond, and what each of these costs. The last folder read stays in memory, and reading is not timed. FILE, if given, receives the assignment
(uint32 [T, k], 4294967295 = empty).

The network: a supply of k at every token, an arc of capacity 1 and cost -score to every expert, an
arc of capacity c[e] from every expert to the sink, or to the node of the group around it, and so on; overflow
is a second arc at its cost, and a lower bound is sent along beforehand (the usual transformation). "at-most" leaves out the arcs that cannot pay
(score <= 0) and gives each token a bypass of cost 0 to the sink.

Costs are integers: round(score * scale) with scale = resolution / max |score|, bounded so that no
product within the cost-scaling algorithm (costs times nodes) leaves 63 bits. `objective` is summed
from the scores themselves in float64, so rounding can only make it too small, by at most
tokens * k / scale.
"""

import json
import os
import sys
import time

import numpy as np
import ortools
from ortools.graph.python import min_cost_flow

EMPTY = np.uint32(0xFFFFFFFF)


def network(instance, exactly, k, scale):
    """The network, the pair arcs in it, and the token and expert of each."""
    scores, capacity, demands, nodes = instance
    tokens, experts = scores.shape
    sink = tokens + (experts if nodes is None else len(nodes))
    # With minimums a pair that loses score may have to be taken.
    forced = nodes is not None and nodes[:, 1].any()
    allowed = np.isfinite(scores) if exactly or forced else scores > 0
    token, expert = np.nonzero(allowed)
    token, expert = token.astype(np.int32), expert.astype(np.int32)
    cost = -np.rint(scores[token, expert].astype(np.float64) * scale).astype(np.int64)
    flow = min_cost_flow.SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        token, expert + np.int32(tokens), np.ones(len(token), np.int64), cost
    )
    all_tokens = np.arange(tokens, dtype=np.int32)
    supply = np.full(tokens, k, np.int64) if demands is None else demands.astype(np.int64)
    total = int(supply.sum())
    here = np.arange(tokens, sink, dtype=np.int32)
    if nodes is None:
        around, free = np.full(experts, sink, np.int32), capacity.astype(np.int64)
    else:
        around = np.where(nodes[:, 0] < 0, sink, nodes[:, 0] + tokens).astype(np.int32)
        minimum, free = nodes[:, 1].astype(np.int64), nodes[:, 2].astype(np.int64)
        over, price = nodes[:, 3].astype(np.int64), np.rint(nodes[:, 4] * scale).astype(np.int64)
        soft = over > 0
        flow.add_arcs_with_capacity_and_unit_cost(
            here[soft], around[soft], over[soft], price[soft]
        )
        # What must flow on is sent along beforehand: taken from here, put there.
        shifted = np.zeros(sink + 1, np.int64)
        np.add.at(shifted, here, -minimum)
        np.add.at(shifted, around, minimum)
        free = free - minimum
        flow.set_nodes_supplies(here, shifted[tokens:sink])
    flow.add_arcs_with_capacity_and_unit_cost(here, around, free, np.zeros(len(here), np.int64))
    if not exactly:
        flow.add_arcs_with_capacity_and_unit_cost(
            all_tokens, np.full(tokens, sink, np.int32), supply, np.zeros(tokens, np.int64)
        )
    flow.set_nodes_supplies(all_tokens, supply)
    flow.set_node_supply(sink, -total + (0 if nodes is None else int(shifted[sink])))
    return flow, arcs, token, expert


def scale_of(scores, resolution):
    """Score to integer cost: as asked, within what 63 bits hold."""
    tokens, experts = scores.shape
    largest = float(np.abs(scores, where=np.isfinite(scores), out=np.zeros_like(scores)).max())
    safe = 2.0**61 / (4 * (tokens + experts + 2))
    return min(resolution, safe) / largest if largest > 0 else 1.0


def cost_of_loads(nodes, loads):
    """What units beyond capacities cost."""
    loads = np.concatenate([loads, np.zeros(len(nodes) - len(loads), np.int64)])
    for node in range(len(nodes)):
        if nodes[node, 0] >= 0:
            loads[int(nodes[node, 0])] += loads[node]
    return float((np.maximum(loads - nodes[:, 2], 0) * nodes[:, 4]).sum())


def solve(instance, request):
    scores, _, _, nodes = instance
    exactly, k = request["demand"] == "exactly", request["k"]
    scale = scale_of(scores, request["resolution"])
    start = time.perf_counter()
    flow, arcs, token, expert = network(instance, exactly, k, scale)
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
        if nodes is not None:
            loads = np.bincount(expert, minlength=scores.shape[1])
            answer["objective"] -= cost_of_loads(nodes, loads)
        if request.get("assignment"):
            table = np.full((len(scores), k), EMPTY, np.uint32)
            first = np.searchsorted(token, token)  # tokens ascend: nonzero is row-major
            table[token, np.arange(len(token)) - first] = expert
            np.save(request["assignment"], table)
    return answer


def main():
    folder = instance = None
    print(json.dumps({"ortools": ortools.__version__, "numpy": np.__version__}), flush=True)
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if request["folder"] != folder:
                folder = request["folder"]
                names = ("scores", "capacity", "demands", "nodes")
                paths = [f"{folder}/{name}.npy" for name in names]
                instance = [np.load(path) if os.path.exists(path) else None for path in paths]
            answer = solve(instance, request)
        except Exception as error:  # the other side must hear of it, whatever it is
            answer = {"status": "ERROR", "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
