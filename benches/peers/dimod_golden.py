"""What dimod makes of 200 random models: the golden file of crates/ising/tests/dimod.rs.

    benches/peers/.venv-models/bin/python benches/peers/dimod_golden.py FILE [--check]

writes FILE, or with --check recomputes it and compares. Each model is terms of degree up to 4 in
binaries and spins, equalities and inequalities with a penalty weight; then, by dimod: energies of
all or 32 random states as BINARY and as SPIN (`change_vartype`), the h, J and offset of
`to_ising`, `cqm_to_bqm` with `lagrange_multiplier`, and the minimum after `make_quadratic`. States of
slack variables are not compared bit by bit, as encodings may differ: the energy is the least over
them.
"""

import itertools
import json
import math
import random
import sys

import dimod

MODELS = 200


def number(rng):
    return rng.randint(-20, 20) / 4


def quadratic(rng):
    """A quadratic model of either vartype, its conversion and energies."""
    n, spin = rng.randint(1, 8), rng.random() < 0.5
    linear = [number(rng) for _ in range(n)]
    pairs = [p for p in itertools.combinations(range(n), 2) if rng.random() < 0.6]
    terms = [[i, j, number(rng)] for i, j in pairs]
    offset = number(rng)
    vartype = dimod.SPIN if spin else dimod.BINARY
    bqm = dimod.BinaryQuadraticModel(dict(enumerate(linear)), {(i, j): c for i, j, c in terms}, offset, vartype)
    h, j, ising_offset = bqm.to_ising()
    q = bqm.change_vartype(dimod.BINARY, inplace=False)
    low = -1 if spin else 0
    states = [[rng.choice([low, 1]) for _ in range(n)] for _ in range(16)]
    return {
        "kind": "quadratic", "spin": spin, "linear": linear, "pairs": terms, "offset": offset,
        "h": [h[i] for i in range(n)], "ising_offset": ising_offset,
        "J": sorted([min(u, v), max(u, v), c] for (u, v), c in j.items() if c != 0),
        "a": [q.get_linear(i) for i in range(n)], "qubo_offset": q.offset,
        "states": states, "energies": [bqm.energy(dict(enumerate(s))) for s in states],
    }


def constrained(rng):
    """A linear objective and constraints: least energy over the slack, for every state."""
    n = rng.randint(2, 5)
    linear = [number(rng) for _ in range(n)]
    weight = rng.randint(1, 12) / 2
    cqm = dimod.ConstrainedQuadraticModel()
    x = [dimod.Binary(i) for i in range(n)]
    cqm.set_objective(dimod.quicksum(c * v for c, v in zip(linear, x)))
    rows = []
    while len(rows) < rng.randint(1, 2):
        a = [rng.randint(-2, 3) for _ in range(n)]
        sense, right = rng.choice(["==", "<=", ">="]), rng.randint(-1, 3)
        low, high = sum(c for c in a if c < 0), sum(c for c in a if c > 0)
        # Constraints that always or never hold by their bounds or by a common divisor of their
        # coefficients, which dimod does not look at, are tested elsewhere.
        if not low < right < high or math.gcd(*a) != 1:
            continue
        left = dimod.quicksum(c * v for c, v in zip(a, x))
        row = {"==": left == right, "<=": left <= right, ">=": left >= right}[sense]
        cqm.add_constraint(row, label=f"c{len(rows)}")
        rows.append({"a": a, "sense": sense, "right": right})
    bqm, _ = dimod.cqm_to_bqm(cqm, lagrange_multiplier=weight)
    slack = [v for v in bqm.variables if v not in range(n)]
    least = []
    for state in itertools.product([0, 1], repeat=n):
        fixed = bqm.copy()
        fixed.fix_variables({i: s for i, s in enumerate(state) if i in bqm.variables})
        energies = (
            fixed.energy(dict(zip(slack, bits))) for bits in itertools.product([0, 1], repeat=len(slack))
        )
        least.append(min(energies))
    return {"kind": "constrained", "linear": linear, "weight": weight, "rows": rows, "least": least}


def higher(rng):
    """A polynomial of degree up to 4: energies, and the minimum after reduction."""
    n, spin = rng.randint(3, 5), rng.random() < 0.5
    terms = {}
    for _ in range(rng.randint(2, 5)):
        terms[tuple(sorted(rng.sample(range(n), rng.randint(1, min(4, n)))))] = number(rng)
    vartype = dimod.SPIN if spin else dimod.BINARY
    poly = dimod.BinaryPolynomial(terms, vartype)
    low = -1 if spin else 0
    states = [list(s) for s in itertools.product([low, 1], repeat=n)]
    energies = [poly.energy({i: v for i, v in enumerate(s)}) for s in states]
    strength = 3 * sum(map(abs, terms.values())) + 1
    bqm = dimod.make_quadratic(poly, strength, vartype)
    minimum = dimod.ExactSolver().sample(bqm).first.energy
    return {
        "kind": "higher", "spin": spin, "variables": n, "energies": energies, "minimum": minimum,
        "terms": [[list(k), c] for k, c in terms.items()],
    }


def main():
    rng = random.Random(20261122)
    kinds = [quadratic, constrained, higher]
    models = [kinds[i % 3](rng) for i in range(MODELS)]
    text = "[\n" + ",\n".join(json.dumps(model) for model in models) + "\n]\n"
    if "--check" in sys.argv:
        with open(sys.argv[1]) as file:
            assert file.read() == text, "the golden file is not what dimod makes today"
        print(f"{len(models)} models as in {sys.argv[1]}, dimod {dimod.__version__}")
    else:
        with open(sys.argv[1], "w") as file:
            file.write(text)


if __name__ == "__main__":
    main()
