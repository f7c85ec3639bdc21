"""Simulated annealing by OpenJij: a worker that reads requests.

One JSON object a line on standard input, one answer a line on standard output:

    {"graph": FILE, "reads": R, "sweeps": S, "seed": N, "beta": [first, last] or null}
    {"energies": [...], "sample_ms": ..., "sampling_ms": ...}

FILE is a graph in rudy's text; the last one read stays in memory, and reading and building the model
are not timed. `sample_ms` is what a caller of `sample` waits for; `sampling_ms` is the part of it that
OpenJij reports for its C++ loop (`execution_time`, microseconds a read). Dense graphs are given as such.
"""

import json
import sys
import time
import warnings
from importlib.metadata import version

import dimod
import numpy as np
import openjij

warnings.filterwarnings("ignore")


def model(path):
    with open(path) as file:
        nodes, count = (int(word) for word in file.readline().split()[:2])
        edges = np.loadtxt(file, dtype=np.float64).reshape(-1, 3)
    rows, columns = edges[:, 0].astype(np.int64) - 1, edges[:, 1].astype(np.int64) - 1
    bqm = dimod.BinaryQuadraticModel.from_numpy_vectors(
        np.zeros(nodes), (rows, columns, edges[:, 2]), 0.0, dimod.SPIN
    )
    return bqm, count < nodes * (nodes - 1) // 8


def main():
    path = bqm = sparse = None
    sampler = openjij.SASampler()
    print(json.dumps({"openjij": version("openjij"), "dimod": version("dimod")}), flush=True)
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if request["graph"] != path:
                path = request["graph"]
                bqm, sparse = model(path)
            beta = request.get("beta") or [None, None]
            start = time.perf_counter()
            energies, sampling = [], 0.0
            # With a seed all reads of one call are the same: a call for each, with seeds of their own.
            for read in range(request["reads"]):
                samples = sampler.sample(
                    bqm,
                    num_reads=1,
                    num_sweeps=request["sweeps"],
                    beta_min=beta[0],
                    beta_max=beta[1],
                    seed=request["seed"] * 100_003 + read,
                    sparse=sparse,
                )
                energies.append(float(samples.record.energy[0]))
                sampling += samples.info["execution_time"] / 1e3
            ended = time.perf_counter()
            answer = {
                "energies": energies,
                "sample_ms": (ended - start) * 1e3,
                "sampling_ms": sampling,
            }
        except Exception as error:  # the other side must hear of it, whatever it is
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
