"""Quantile balancing in NumPy: the dual value after N rounds, and the time of a round.

The formulas of docs/transport.md written down once more, with whole sorts where the Rust solver
gathers and selects. Scores are f32, everything else is f64.

    python quantile_reference.py                 # the numbers in crates/transport/tests/quantile_reference.json
    python quantile_reference.py --time          # milliseconds a round, one thread

Data: $SPINROUTE_DATA, else ../shared/data beside the repository. Needs numpy, nothing else.
"""

import argparse
import json
import os
import pathlib
import struct
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("SPINROUTE_DATA", ROOT.parent / "shared" / "data"))
ROUTERS = {"e128k2-noaux": 2, "e160k6-noaux": 6, "e160k6-aux": 6, "e64k8-aux": 8, "e256k8-biasfree": 8}
ROUNDS = [3, 8, 16, 30]


def tensor(path, name):
    """One tensor of a safetensors file."""
    raw = path.read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    entry = json.loads(raw[8 : 8 + size])[name]
    begin, end = entry["data_offsets"]
    kind = {"F32": np.float32, "F16": np.float16}[entry["dtype"]]
    return np.frombuffer(raw[8 + size + begin : 8 + size + end], kind).reshape(entry["shape"])


def router_scores(name):
    """Softmax of X W^T in f64, rounded to f32: layer 3, the first 4,096 tokens."""
    folder = DATA / "trained-routers" / name
    hidden = tensor(folder / "hidden.safetensors", "model.layers.3.mlp.gate.input")[:4096]
    weight = tensor(folder / "router.safetensors", "model.layers.3.mlp.gate.weight")
    logits = hidden.astype(np.float64) @ weight.astype(np.float64).T
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)


def small_scores():
    """A skewed table of 96 x 12 dyadic numbers: the same bits wherever it is computed."""
    t, e = np.mgrid[0:96, 0:12].astype(np.int64)
    noise = (t * 7919 + e * 104729 + t * e * 31) % 1009
    return (noise / 1024 + (11 - e) / 16).astype(np.float32)


def largest(values, n, axis):
    """The n-th largest (from 1) along an axis."""
    size = values.shape[axis]
    return np.take(np.partition(values, size - n, axis=axis), size - n, axis=axis)


def round_of(scores, k, capacity, prices, at_most):
    """One round: levels from prices, then prices from levels."""
    tokens = scores.shape[0]
    level = largest(scores - prices, k + 1, 1)
    if at_most:
        level = np.maximum(level, 0)
    if capacity >= tokens:
        return np.zeros_like(prices)
    return np.maximum(0, largest(scores - level[:, None], capacity + 1, 0))


def dual(scores, k, capacity, prices, at_most):
    """The bound that prices prove: rent plus the k largest reduced scores of every token."""
    reduced = scores - prices
    best = -np.partition(-reduced, k - 1, axis=1)[:, :k]
    if at_most:
        best = np.maximum(best, 0)
    return capacity * prices.sum() + best.sum()


def duals(scores, k, factor, at_most=False):
    scores = scores.astype(np.float64)
    tokens, experts = scores.shape
    capacity = int(np.ceil(factor * tokens * k / experts))
    prices, values = np.zeros(experts), {}
    for done in range(1, max(ROUNDS) + 1):
        prices = round_of(scores, k, capacity, prices, at_most)
        if done in ROUNDS:
            values[done] = dual(scores, k, capacity, prices, at_most)
    return [values[r] for r in ROUNDS]


def times(scores, k, repeat=7):
    """Median milliseconds of a round in f32."""
    tokens, experts = scores.shape
    capacity, prices, taken = int(np.ceil(tokens * k / experts)), np.zeros(experts, np.float32), []
    for _ in range(repeat):
        start = time.perf_counter()
        prices = round_of(scores, k, capacity, prices, False)
        taken.append(time.perf_counter() - start)
    return 1e3 * sorted(taken)[repeat // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--time", action="store_true")
    if parser.parse_args().time:
        for name, k in ROUTERS.items():
            scores = router_scores(name)
            print(f"{name}: {times(scores, k):.2f} ms a round at {scores.shape}, k = {k}")
        many = np.tile(router_scores("e160k6-noaux"), (16, 1))
        print(f"e160k6-noaux x 16: {times(many, 6, 3):.1f} ms a round at {many.shape}, k = 6")
        return
    small = small_scores()
    out = {
        "rounds": ROUNDS,
        "small": {
            "exactly": duals(small, 3, 1.0),
            "at_most": duals(small - np.float32(0.5), 3, 1.25, at_most=True),
        },
        "routers": {n: {"k": k, "dual": duals(router_scores(n), k, 1.0)} for n, k in ROUTERS.items()},
    }
    print(json.dumps(out, indent=2))


if __name__ == "__main__":
    main()
