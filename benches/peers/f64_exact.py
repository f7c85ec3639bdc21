"""Are objective and bound exact, and `flow` optimal, on tables of f64? By rational arithmetic.

    cargo build --release -p spinroute
    benches/peers/.venv/bin/python benches/peers/f64_exact.py [--count 1000] [--seed 0]

Every instance is written as .npy (either order of memory and bytes), solved by `spinroute solve`, and its
assignment and prices given to `spinroute verify`. Both must print

    objective  the exact sum of the scores that are kept, rounded once to the nearest double
    bound      the exact value of the dual formula at the prices, rounded once upwards

where exact is `fractions.Fraction`. Where all scores are whole numbers of some unit, the optimum is that of
OR-tools on these numbers, and the answer of `flow` must be worth exactly as much. Prints one line a kind
of instance; exits with 1 if anything is wrong, and prints the first instances that show it.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
from ortools.graph.python import min_cost_flow

ROOT = Path(__file__).resolve().parents[2]
EMPTY = 0xFFFFFFFF
FAULTS = ["misprinted", "not optimal", "not proven"]
SHOWN = 3


def draw(kind, rng, shape):
    """Scores of a kind, and the unit of which all are whole multiples (None: there is none)."""
    if kind == "integers to 2^53":
        return rng.integers(-(2**53), 2**53, shape, endpoint=True).astype(np.float64), 1
    if kind == "1e15 and 0 to 3":
        return 1e15 + rng.integers(0, 4, shape), 1
    if kind == "2^24 and -2 to 2":
        return 2.0**24 + rng.integers(-2, 3, shape), 1
    if kind == "1e9 and quarters":
        return 1e9 + rng.integers(0, 8, shape) / 4, Fraction(1, 4)
    if kind == "integers, a magnitude a column":
        return rng.integers(-9, 10, shape) * 2.0 ** rng.integers(0, 50, (1, shape[1])), 1
    if kind == "mixed magnitudes":
        return rng.choice([-1, 1], shape) * 10.0 ** rng.uniform(-12, 15, shape), None
    if kind == "softmax":
        logits = rng.normal(0, 3, shape) + rng.normal(0, 3, (1, shape[1]))
        scores = np.exp(logits - logits.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True), None
    return 0.5 + rng.integers(0, 3, shape) * 2.0**-50, Fraction(1, 2**50)


KINDS = [
    "integers to 2^53",
    "1e15 and 0 to 3",
    "2^24 and -2 to 2",
    "1e9 and quarters",
    "integers, a magnitude a column",
    "mixed magnitudes",
    "softmax",
    "1/2 and last bits",
]


def optimum(scores, capacity, k, exactly, unit):
    """The optimum in units, by OR-tools; a sum of whole numbers."""
    tokens, experts = scores.shape
    whole = [[int(Fraction(float(s)) / unit) for s in row] for row in scores]
    sink = tokens + experts
    flow = min_cost_flow.SimpleMinCostFlow()
    pairs = []
    for t in range(tokens):
        for e in range(experts):
            if exactly or whole[t][e] > 0:
                arc = flow.add_arc_with_capacity_and_unit_cost(t, tokens + e, 1, -whole[t][e])
                pairs.append((arc, whole[t][e]))
        if not exactly:
            flow.add_arc_with_capacity_and_unit_cost(t, sink, k, 0)
        flow.set_node_supply(t, k)
    for e in range(experts):
        flow.add_arc_with_capacity_and_unit_cost(tokens + e, sink, capacity, 0)
    flow.set_node_supply(sink, -tokens * k)
    status = flow.solve()
    assert status == flow.OPTIMAL, status
    return sum(value for arc, value in pairs if flow.flow(arc))


def upwards(value):
    """The least double that is not below a fraction."""
    nearest = float(value)
    return nearest if Fraction(nearest) >= value else math.nextafter(nearest, math.inf)


def bound(scores, capacity, k, exactly, prices):
    """Σ c p + Σ (the k largest s − p; positive ones under at-most), exactly."""
    prices = [Fraction(float(p)) for p in prices]
    total = capacity * sum(prices)
    for row in scores:
        reduced = sorted((Fraction(float(s)) - p for s, p in zip(row, prices)), reverse=True)[:k]
        total += sum(r for r in reduced if exactly or r > 0)
    return total


def run(arguments):
    ran = subprocess.run(arguments, capture_output=True, text=True)
    if ran.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, arguments))}: exit {ran.returncode}: {ran.stderr}")
    return json.loads(ran.stdout)


def check(binary, folder, kind, rng):
    """What is wrong with the answer on one instance: a list of (fault, sentence)."""
    tokens, experts = int(rng.integers(1, 17)), int(rng.integers(2, 9))
    k = int(rng.integers(1, min(4, experts) + 1))
    exactly = bool(rng.integers(2))
    scores, unit = draw(kind, rng, (tokens, experts))
    capacity = -(-tokens * k // experts) + int(rng.integers(0, 2))
    stored = np.asarray(scores, dtype=rng.choice(["<f8", ">f8"]), order=rng.choice(["C", "F"]))
    np.save(folder / "scores.npy", stored)
    problem = [folder / "scores.npy", "-k", str(k), "--capacity", str(capacity)]
    problem += ["--demand", "exactly" if exactly else "at-most", "--json"]
    out = folder / "out"
    solved = run([binary, "solve", *problem, "--solver", "flow", "--out", out])
    files = ["--assignment", out / "assignment.npy", "--prices", out / "prices.npy"]
    verified = run([binary, "verify", *problem, *files])
    assignment, prices = np.load(out / "assignment.npy"), np.load(out / "prices.npy")
    held = [(t, e) for t, row in enumerate(assignment) for e in row if e != EMPTY]
    value = sum((Fraction(float(scores[t, e])) for t, e in held), Fraction(0))
    proven = bound(scores, capacity, k, exactly, prices)
    wrong = []
    for command, printed in [("solve", solved), ("verify", verified)]:
        if printed["objective"] != float(value):
            wrong.append(f"misprinted: {command} prints objective {printed['objective']!r}, it is {float(value)!r}")
        if printed["bound"] != upwards(proven):
            wrong.append(f"misprinted: {command} prints bound {printed['bound']!r}, it is {upwards(proven)!r}")
    if unit is not None and value != (best := optimum(scores, capacity, k, exactly, unit) * unit):
        wrong.append(f"not optimal: {float(value)!r}, best {float(best)!r}, short by {float(best - value):g}")
    if proven - value > abs(value) * Fraction(1, 10**9):
        wrong.append(f"not proven: {float(value)!r}, bound {float(proven)!r}")
    shape = f"{tokens} x {experts}, {'exactly' if exactly else 'at most'} {k}, capacity {capacity}"
    return [(what.split(":")[0], f"{kind}, {shape}: {what}") for what in wrong]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/spinroute")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    start, tried, failed, shown = time.time(), Counter(), Counter(), Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.count):
            kind = KINDS[number % len(KINDS)]
            rng = np.random.default_rng([arguments.seed, number])
            wrong = check(arguments.binary, Path(folder), kind, rng)
            tried[kind] += 1
            failed.update((kind, fault) for fault in {fault for fault, _ in wrong})
            for fault, what in wrong:
                shown[fault] += 1
                if shown[fault] <= SHOWN:
                    print(f"seed {arguments.seed}, number {number}, {what}")
    for kind in KINDS:
        faults = ", ".join(f"{failed[kind, fault]} {fault}" for fault in FAULTS)
        print(f"{kind}: {tried[kind]} instances, {faults}")
    print(f"{sum(tried.values())} instances, {time.time() - start:.0f} s")
    sys.exit(1 if sum(failed.values()) else 0)


if __name__ == "__main__":
    main()
