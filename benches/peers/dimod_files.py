"""Random models in dimod's own files, with the energies that dimod gives their states.

    python dimod_files.py write > crates/ising/tests/data/dimod_files.jsonl   # what tests/dimod_files.rs reads
    python dimod_files.py check DIRECTORY COMMAND                          # dimod reads what we write

`write` makes 200 models (seeded) as lines of JSON: the COO text, the serializable JSON and, for binaries, the
LP text that dimod writes, with states and their energies. Biases are multiples of 1/64, which all of
these hold exactly (dimod's COO rounds to six decimals).

`check` converts each of the models with `COMMAND qubo convert` (COMMAND is the built `spinroute`) to .coo,
.json and .lp in DIRECTORY, lets dimod read them, and compares the energies of all states.
"""

import json
import pathlib
import random
import subprocess
import sys

import dimod
from dimod.serialization import coo

MODELS = 200
STATES = 4


def model(number):
    """A random model of 2 to 7 variables, in spins if its number is odd."""
    draw = random.Random(number)
    n = draw.randint(2, 7)
    bias = lambda: draw.randint(-256, 256) / 64
    linear = {i: bias() for i in range(n)}
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    quadratic = {pair: bias() for pair in pairs if draw.random() < 0.7}
    return dimod.BinaryQuadraticModel(linear, quadratic, bias(), "SPIN" if number % 2 else "BINARY")


def states(bqm, number):
    draw = random.Random(1000 + number)
    values = [-1, 1] if bqm.vartype is dimod.SPIN else [0, 1]
    return [[draw.choice(values) for _ in range(bqm.num_variables)] for _ in range(STATES)]


def energies(bqm, rows):
    return bqm.energies((rows, list(range(bqm.num_variables)))).tolist()


def lp(bqm):
    """dimod's LP text; its files hold constrained models, so the names are x0, x1, …"""
    cqm = dimod.ConstrainedQuadraticModel.from_bqm(bqm.relabel_variables({i: f"x{i}" for i in bqm.variables}, inplace=False))
    return dimod.lp.dumps(cqm)


def write():
    for number in range(MODELS):
        bqm = model(number)
        rows = states(bqm, number)
        other = bqm.change_vartype("BINARY" if bqm.vartype is dimod.SPIN else "SPIN", inplace=False)
        print(json.dumps({
            "vartype": bqm.vartype.name,
            "offset": bqm.offset,
            "coo": coo.dumps(bqm, vartype_header=True),
            "json": bqm.to_serializable(),
            "lp": lp(bqm) if bqm.vartype is dimod.BINARY else None,
            "other": {"linear": [other.linear[i] for i in range(other.num_variables)], "offset": other.offset},
            "states": rows,
            "energies": energies(bqm, rows),
        }))


def read(path):
    """A model that our command wrote, with numbers for names."""
    text = path.read_text()
    if path.suffix == ".json":
        return dimod.BinaryQuadraticModel.from_serializable(json.loads(text))
    if path.suffix == ".coo":
        bqm = coo.loads(text)
        offset = [line for line in text.splitlines() if line.startswith("# offset=")]
        bqm.offset += float(offset[0].split("=")[1]) if offset else 0
        return bqm
    read = dimod.lp.loads(text)
    # The offset: the coefficient of a variable that is fixed at 1.
    if "Constant" in read.variables:
        assert read.lower_bound("Constant") == read.upper_bound("Constant") == 1, path
        read.fix_variable("Constant", 1)
    objective = read.objective
    bqm = dimod.BinaryQuadraticModel(objective.linear, objective.quadratic, objective.offset, "BINARY")
    return bqm.relabel_variables({name: int(name[1:]) for name in bqm.variables}, inplace=False)


def check(directory, command):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    compared = 0
    for number in range(MODELS):
        bqm = model(number)
        source = directory / f"{number}.json"
        source.write_text(json.dumps(bqm.to_serializable()))
        for ending in ["coo", "json", "lp"]:
            target = directory / f"{number}-ours.{ending}"
            subprocess.run([command, "qubo", "convert", source, target], check=True, capture_output=True)
            ours = read(target)
            if ending != "lp":
                assert ours.vartype is bqm.vartype, target
            ours = ours.change_vartype(bqm.vartype, inplace=False)
            for state in dimod.ExactSolver().sample(bqm).data(["sample", "energy"]):
                assert ours.energy(state.sample) == state.energy, (target, state)
                compared += 1
    print(f"{compared} energies of {MODELS} models in 3 formats are equal (dimod {dimod.__version__})")


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        write()
    elif sys.argv[1:2] == ["check"] and len(sys.argv) == 4:
        check(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)
