"""The f32 matrix product of NumPy (OpenBLAS): a worker that reads requests.

One JSON object a line on standard input, one answer a line on standard output:

    {"n": N, "agents": A, "threads": T, "products": P}
    {"ms": ...}

`ms` is the time of one product of an N x N matrix with an N x A one, into an array that exists, the mean
of P in a row.
"""

import json
import sys
import time

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits


def main():
    libraries = [f"{lib['internal_api']} {lib['version']}" for lib in threadpool_info()]
    print(json.dumps({"numpy": np.__version__, "blas": libraries}), flush=True)
    random, shape = np.random.default_rng(0), None
    for line in sys.stdin:
        try:
            request = json.loads(line)
            n, agents = request["n"], request["agents"]
            if shape != (n, agents):
                shape = (n, agents)
                matrix = random.standard_normal((n, n), np.float32)
                values = random.standard_normal((n, agents), np.float32)
                out = np.zeros((n, agents), np.float32)
            with threadpool_limits(request["threads"]):
                np.matmul(matrix, values, out=out)
                start = time.perf_counter()
                for _ in range(request["products"]):
                    np.matmul(matrix, values, out=out)
                ended = time.perf_counter()
            answer = {"ms": (ended - start) * 1e3 / request["products"]}
        except Exception as error:  # the other side must hear of it, whatever it is
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
