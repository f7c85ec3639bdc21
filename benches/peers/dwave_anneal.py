"""Simulated annealing by dwave-samplers: a worker that reads requests.

One JSON object a line on standard input, one answer a line on standard output:

    {"graph": FILE, "reads": R, "sweeps": S, "seed": N, "beta": [first, last] or null}
    {"energies": [...], "sample_ms": ..., "sampling_ms": ..., "beta": [first, last]}

FILE is a graph in rudy's text; the last one read stays in memory, and reading and building the model
are not timed. `sample_ms` is what a caller of `sample` waits for; `sampling_ms` is the part of it that the
sampler reports for its C++ loop. Reads run one after another in one thread.
"""

import json
import sys
import time
import warnings

import dimod
import numpy as np
from dwave import samplers

warnings.filterwarnings("ignore")


def model(path):
    with open(path) as file:
        nodes = int(file.readline().split()[0])
        edges = np.loadtxt(file, dtype=np.float64).reshape(-1, 3)
    rows, columns = edges[:, 0].astype(np.int64) - 1, edges[:, 1].astype(np.int64) - 1
    quadratic = (rows, columns, edges[:, 2])
    return dimod.BinaryQuadraticModel.from_numpy_vectors(
        np.zeros(nodes), quadratic, 0.0, dimod.SPIN
    )


def main():
    path = bqm = None
    sampler = samplers.SimulatedAnnealingSampler()
    versions = {"dwave-samplers": samplers.__version__, "dimod": dimod.__version__}
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if request["graph"] != path:
                path, bqm = request["graph"], model(request["graph"])
            start = time.perf_counter()
            samples = sampler.sample(
                bqm,
                num_reads=request["reads"],
                num_sweeps=request["sweeps"],
                seed=request["seed"],
                beta_range=request.get("beta"),
            )
            energies = samples.record.energy.tolist()
            ended = time.perf_counter()
            answer = {
                "energies": energies,
                "sample_ms": (ended - start) * 1e3,
                "sampling_ms": samples.info["timing"]["sampling_ns"] / 1e6,
                "beta": [float(beta) for beta in samples.info["beta_range"]],
            }
        except Exception as error:  # the other side must hear of it, whatever it is
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
