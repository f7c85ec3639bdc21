"""An independent check of answers of flow: exact arithmetic, and SciPy or OR-tools as witness.

    cargo run --release -p spinroute-testkit --example fuzz -- \\
        --instances 1000000 --solvers flow --seed 7 --dump FILE
    benches/peers/.venv-check/bin/python benches/peers/check_flow.py FILE

The format of FILE is described in crates/testkit/examples/fuzz/dump.rs. Nothing of spinroute is
used here. Of every instance:

- feasibility: slots, capacities, forbidden pairs, demand;
- objective and bound: scores and prices become whole numbers (Python's, of any size) in units of
  their lowest bit. The objective written must be the sum rounded to the nearest float, the bound
  the dual value rounded up;
- proof: bound - objective <= max(1e-9 |objective|, 2^-44 sum |s| over the pairs chosen);
- no assignment: the tokens and experts written must need more than they can get.

Up to --witness pairs (default 200) another solver says how good an assignment can be: of k = 1
scipy's linear_sum_assignment on the problem with a column for each unit of capacity, otherwise
OR-tools' min-cost flow. The witness's assignment is measured in the same whole numbers, and may
not be better: not at all where float64 holds all whole numbers of the scores' unit up to the
largest score, by no more than the proof's tolerance where it does not. Where all scores are within
2^40 units, the costs of OR-tools are exact, and it may not be worse either.

The exit code is 1 if anything is wrong.
"""

import argparse
import multiprocessing
import struct
import sys
import time
from fractions import Fraction

import numpy as np
from ortools.graph.python import min_cost_flow
from scipy.optimize import linear_sum_assignment

EMPTY = 0xFFFFFFFF
EXACT, WIDE, SOLVED = 1, 2, 4


class Wrong(Exception):
    """What is wrong with an answer."""


def whole_numbers(values):
    """Finite float64 values as Python integers, and the exponent of their common unit."""
    mantissa, exponent = np.frexp(values)
    mantissa = np.ldexp(mantissa, 53).astype(np.int64)
    exponent = exponent.astype(np.int64) - 53
    filled = mantissa != 0
    if not filled.any():
        return [0] * len(values), 0
    # Trailing zeros make the numbers shorter.
    trailing = np.bitwise_count((mantissa & -mantissa) - 1).astype(np.int64)
    mantissa = np.where(filled, mantissa >> np.where(filled, trailing, 0), 0)
    exponent = exponent + trailing
    low = int(exponent[filled].min())
    shift = np.where(filled, exponent - low, 0)
    return [m << s for m, s in zip(mantissa.tolist(), shift.tolist())], low


def is_float(value, number, low):
    """Whether `value` is `number` units of 2^low, rounded to the nearest float."""
    if -1000 < low < 900 and abs(number).bit_length() + low < 1000:
        # Python rounds integers and their true quotients correctly.
        exact = float(number << low) if low >= 0 else number / (1 << -low)
    else:
        exact = float(Fraction(number) * Fraction(2) ** low)
    return exact == value


class Record:
    """An instance with an answer."""

    def __init__(self, data):
        self.tokens, self.experts, self.k, self.flags = struct.unpack_from("<4I", data)
        at = 16
        self.capacity = np.frombuffer(data, "<u4", self.experts, at)
        at += 4 * self.experts
        pairs = self.tokens * self.experts
        kind = "<f8" if self.flags & WIDE else "<f4"
        scores = np.frombuffer(data, kind, pairs, at)
        at += scores.nbytes
        self.scores = scores.astype(np.float64).reshape(self.tokens, self.experts)
        if self.flags & SOLVED:
            slots = np.frombuffer(data, "<u4", self.tokens * self.k, at)
            at += slots.nbytes
            self.slots = slots.reshape(self.tokens, self.k)
            self.prices = np.frombuffer(data, "<f8", self.experts, at)
            self.objective, self.bound = struct.unpack_from("<2d", data, at + 8 * self.experts)
        else:
            few, crowded = struct.unpack_from("<2I", data, at)
            sets = np.frombuffer(data, "<u4", few + crowded, at + 8)
            self.short, self.crowded = sets[:few], sets[few:]

    @property
    def exact(self):
        return bool(self.flags & EXACT)


def check_deficiency(record):
    """Recounts the proof that there is no assignment."""
    inside = np.zeros(record.experts, bool)
    inside[record.crowded] = True
    if len(np.unique(record.short)) != len(record.short) or not record.exact:
        raise Wrong("this proves nothing")
    allowed = np.isfinite(record.scores[record.short])
    supply = int(record.capacity[inside].astype(np.int64).sum()) + int(allowed[:, ~inside].sum())
    if record.k * len(record.short) <= supply:
        raise Wrong(f"{len(record.short)} tokens are not short: {supply} slots")


def feasible(record, rows):
    """Raises if `rows`, lists of experts, are no assignment."""
    load = [0] * record.experts
    for t, row in enumerate(rows):
        if len(set(row)) != len(row) or any(e >= record.experts for e in row):
            raise Wrong(f"token {t} takes {row}")
        if len(row) > record.k or record.exact and len(row) < record.k:
            raise Wrong(f"token {t} takes {len(row)} experts")
        for e in row:
            load[e] += 1
            if not record.scores[t, e] > -np.inf:
                raise Wrong(f"token {t} takes expert {e}, which is forbidden")
    for e, (held, capacity) in enumerate(zip(load, record.capacity.tolist())):
        if held > capacity:
            raise Wrong(f"expert {e} holds {held} of {capacity}")


def check_solution(record, witness_pairs):
    """Raises what is wrong with the answer; whether a witness was asked."""
    tokens, experts, k = record.tokens, record.experts, record.k
    rows = [[e for e in row if e != EMPTY] for row in record.slots.tolist()]
    feasible(record, rows)
    finite = np.isfinite(record.scores).ravel()
    prices = np.maximum(record.prices, 0.0)
    if not np.isfinite(prices).all():
        raise Wrong("a price is not finite")
    flat = np.where(finite, record.scores.ravel(), 0.0)
    numbers, low = whole_numbers(np.concatenate([flat, prices]))
    score = [
        [s if ok else None for s, ok in zip(numbers[t * experts :], finite[t * experts :][:experts])]
        for t in range(tokens)
    ]
    price = numbers[tokens * experts :]
    objective = sum(score[t][e] for t, row in enumerate(rows) for e in row)
    if not is_float(record.objective, objective, low):
        raise Wrong(f"objective {record.objective!r} is not the sum of the scores")
    bound = sum(c * p for c, p in zip(record.capacity.tolist(), price))
    for row in score:
        reduced = sorted((s - p for s, p in zip(row, price) if s is not None), reverse=True)[:k]
        bound += sum(reduced) if record.exact else sum(r for r in reduced if r > 0)
    unit = Fraction(2) ** low
    written = Fraction(record.bound)
    if written < bound * unit or Fraction(np.nextafter(record.bound, -np.inf)) >= bound * unit:
        raise Wrong(f"bound {record.bound!r} is not what the prices prove")
    size = sum(abs(score[t][e]) for t, row in enumerate(rows) for e in row)
    if (bound - objective) * 10**9 > abs(objective) and (bound - objective) << 44 > size:
        raise Wrong(f"bound {record.bound!r} does not prove {record.objective!r}")
    if tokens * experts > witness_pairs:
        return 0
    best, exact = witness(record, score)
    if best is None:
        raise Wrong("the witness finds no assignment")
    short = best - objective
    told_apart = (
        short > 0
        if discrete(score)
        else short * 10**9 > abs(objective) and short << 44 > size
    )
    if told_apart or exact and short < 0:
        raise Wrong(f"the witness reaches {float(best * unit)!r}, not {record.objective!r}")
    return 1


def discrete(score):
    """Whether a float64 holds all whole numbers of the scores' unit up to the largest of them."""
    sizes = [abs(s) for row in score for s in row if s]
    if not sizes:
        return True
    lowest = min((s & -s).bit_length() for s in sizes)
    return max(sizes).bit_length() - lowest < 53


def witness(record, score):
    """The objective of another solver's assignment, and whether it must be the optimum."""
    rows, exact = expanded(record) if record.k == 1 else network(record, score)
    if rows is None:
        return None, True
    feasible(record, rows)
    return sum(score[t][e] for t, row in enumerate(rows) for e in row), exact


def expanded(record):
    """k = 1: a column for each unit of capacity, and empty ones where slots are optional."""
    columns = np.repeat(
        np.arange(record.experts), np.minimum(record.capacity, record.tokens).astype(np.int64)
    )
    gain = record.scores[:, columns]
    if not record.exact:
        gain = np.concatenate([gain, np.zeros((record.tokens, record.tokens))], axis=1)
    try:
        token, column = linear_sum_assignment(gain, maximize=True)
    except ValueError:  # infeasible
        return None, True
    if len(token) < record.tokens:
        return None, True
    rows = [[] for _ in range(record.tokens)]
    for t, c in zip(token.tolist(), column.tolist()):
        if c < len(columns):
            rows[t].append(int(columns[c]))
    return rows, False


def network(record, score):
    """OR-tools' min-cost flow; scaled where the scores have too many bits."""
    tokens, experts = record.tokens, record.experts
    pairs = [
        (t, e, s)
        for t, row in enumerate(score)
        for e, s in enumerate(row)
        if s is not None and (record.exact or s > 0)
    ]
    largest = max((abs(s) for _, _, s in pairs), default=0)
    low = min(((s & -s).bit_length() - 1 for _, _, s in pairs if s), default=0)
    cut = max(largest.bit_length() - 40, low)
    exact = cut == low
    flow, sink = min_cost_flow.SimpleMinCostFlow(), tokens + experts
    if pairs:
        tail, head, scores = zip(*pairs)
        costs = np.array([-(s >> cut) for s in scores], np.int64)
        flow.add_arcs_with_capacity_and_unit_cost(
            np.array(tail, np.int32),
            np.array(head, np.int32) + np.int32(tokens),
            np.ones(len(pairs), np.int64),
            costs,
        )
    flow.add_arcs_with_capacity_and_unit_cost(
        np.arange(tokens, sink, dtype=np.int32),
        np.full(experts, sink, np.int32),
        np.minimum(record.capacity, tokens).astype(np.int64),
        np.zeros(experts, np.int64),
    )
    everyone, supply = np.arange(tokens, dtype=np.int32), np.full(tokens, record.k, np.int64)
    if not record.exact:
        flow.add_arcs_with_capacity_and_unit_cost(
            everyone, np.full(tokens, sink, np.int32), supply, np.zeros(tokens, np.int64)
        )
    flow.set_nodes_supplies(everyone, supply)
    flow.set_node_supply(sink, -tokens * record.k)
    if flow.solve() != flow.OPTIMAL:
        return None, True
    rows = [[] for _ in range(tokens)]
    if pairs:
        used = flow.flows(np.arange(len(pairs), dtype=np.int32)) == 1
        for (t, e, _), taken in zip(pairs, used.tolist()):
            if taken:
                rows[t].append(e)
    return rows, exact


def check_part(job):
    """Checks the records whose number is `part` modulo `parts`."""
    path, part, parts, witness_pairs, most = job
    counts, wrong = {"solved": 0, "infeasible": 0, "witnessed": 0, "f64": 0}, []
    with open(path, "rb") as file:
        if file.read(8) != b"SPINFUZ1":
            sys.exit(f"{path} is no dump of the fuzz program")
        number = 0
        while head := file.read(4):
            length = struct.unpack("<I", head)[0]
            if number % parts != part:
                file.seek(length, 1)
            elif most is None or number < most:
                record = Record(file.read(length))
                try:
                    if record.flags & SOLVED:
                        counts["witnessed"] += check_solution(record, witness_pairs)
                        counts["solved"] += 1
                    else:
                        check_deficiency(record)
                        counts["infeasible"] += 1
                    counts["f64"] += bool(record.flags & WIDE)
                except Wrong as why:
                    size = f"{record.tokens} tokens, {record.experts} experts, k = {record.k}"
                    wrong.append(f"record {number} ({size}): {why}")
            else:
                break
            number += 1
    return counts, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--witness", type=int, default=200, help="pairs up to which one is asked")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--most", type=int, help="records to check")
    args = parser.parse_args()
    start = time.perf_counter()
    parts = args.processes
    jobs = [(args.file, part, parts, args.witness, args.most) for part in range(parts)]
    with multiprocessing.Pool(parts) as pool:
        results = pool.map(check_part, jobs, chunksize=1)
    total, wrong = {}, []
    for counts, found in results:
        wrong += found
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    for line in wrong[:20]:
        print(line)
    seconds = time.perf_counter() - start
    print(", ".join(f"{count} {name}" for name, count in total.items()), f"in {seconds:.0f} s")
    print(f"{len(wrong)} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
