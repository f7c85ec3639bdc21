"""Random models with odd labels and numbers in dimod's JSON, and what dimod makes of them.

    python dimod_labels.py write > crates/ising/tests/data/dimod_labels.jsonl   # what tests/dimod_labels.rs reads
    python dimod_labels.py check DIRECTORY COMMAND                           # dimod reads what we write

`write` makes 120 models (seeded) as lines of JSON: dimod's serializable, and the energies of all states in
dimod's arithmetic, the last variable changing fastest. Labels are integers, texts that look like numbers,
floats, tuples and such; numbers reach from 1e-300 to 1e300, so that energies compare with a relative
tolerance.

`check` sends each model through `COMMAND qubo convert` (COMMAND is the built `spinroute`): JSON to JSON, and
JSON to COO, .qubo and .rud and back to JSON. dimod reads the results: of the first, labels (types included)
and biases must be equal, pairs of bias 0 aside; of the others, the energies, but for rounding.
"""

import itertools
import json
import pathlib
import random
import subprocess
import sys

import dimod

MODELS = 120
LABELS = [0, 1, "0", "1", "x", "", " ", "x y", 2, "2", -1, "-1", 0.5, "0.5", "null", "true", "[1]", (1,), ("1",),
          (0, "a"), "[0, \"a\"]", "\"1\"", "\u00e9", "a\"b", "a\\b", "\n", 2**53 + 1, 10**18, "10", "Binary", "semi",
          "free", "inf", "nan", "1e5", ()]


def model(number):
    """A random model of 1 to 6 variables, in spins if its number is odd."""
    draw = random.Random(number)
    labels = draw.sample(LABELS, draw.randint(1, 6))
    if number % 8 == 7:
        labels = list(range(len(labels)))
    wide = number % 3 == 0

    def bias():
        size = 10.0 ** draw.randint(-300, 300) if wide else draw.randint(0, 256) / 64
        return draw.choice([-1, 1]) * size

    quadratic = {pair: bias() for pair in itertools.combinations(labels, 2) if draw.random() < 0.6}
    return dimod.BinaryQuadraticModel({label: bias() for label in labels}, quadratic, bias(), "SPIN" if number % 2 else "BINARY")


def states(vartype, n):
    """All states, the first variable first."""
    return list(itertools.product([-1, 1] if vartype is dimod.SPIN else [0, 1], repeat=n))


def energies(bqm, rows):
    return bqm.energies((rows, list(bqm.variables))).tolist()


def through(bqm):
    """The model as dimod reads its own file."""
    return dimod.BinaryQuadraticModel.from_serializable(json.loads(json.dumps(bqm.to_serializable())))


def write():
    for number in range(MODELS):
        bqm = through(model(number))
        rows = states(bqm.vartype, bqm.num_variables)
        print(json.dumps({"json": bqm.to_serializable(), "energies": energies(bqm, rows)}))


def convert(command, source, target):
    subprocess.run([command, "qubo", "convert", source, target], check=True, capture_output=True)


def read(path):
    return dimod.BinaryQuadraticModel.from_serializable(json.loads(path.read_text()))


def size(bqm):
    return abs(bqm.offset) + sum(map(abs, bqm.linear.values())) + sum(map(abs, bqm.quadratic.values()))


def check(directory, command):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    compared = 0
    for number in range(MODELS):
        bqm = through(model(number))
        source = directory / f"{number}.json"
        source.write_text(json.dumps(bqm.to_serializable()))
        target = directory / f"{number}-ours.json"
        convert(command, source, target)
        ours = read(target)
        kinds = lambda bqm: [(type(label), label) for label in bqm.variables]
        assert kinds(ours) == kinds(bqm), target
        # A pair of bias 0 is no coupling.
        bqm.remove_interactions_from([pair for pair, bias in bqm.quadratic.items() if bias == 0])
        assert ours.is_equal(bqm) and ours.vartype is bqm.vartype, target
        rows = states(bqm.vartype, bqm.num_variables)
        want = energies(bqm, rows)
        for ending in ["coo", "qubo", "rud"]:
            there, back = directory / f"{number}.{ending}", directory / f"{number}-{ending}.json"
            convert(command, source, there)
            convert(command, there, back)
            other = read(back).change_vartype(bqm.vartype, inplace=False)
            offset = 0
            if ending == "rud":
                # The last node stands for +1, and a graph has no offset.
                offset = bqm.change_vartype("SPIN", inplace=False).offset
                if other.num_variables > bqm.num_variables:
                    other.fix_variable(other.num_variables - 1, 1)
            got = [energy + offset for energy in energies(other, rows)]
            near = 1e-12 * (size(bqm) + size(other))
            assert all(abs(a - b) <= near for a, b in zip(got, want, strict=True)), back
            compared += len(rows)
    print(f"{compared} energies of {MODELS} models agree, labels and biases are equal (dimod {dimod.__version__})")


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        write()
    elif sys.argv[1:2] == ["check"] and len(sys.argv) == 4:
        check(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)
