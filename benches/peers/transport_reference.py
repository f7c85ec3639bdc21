"""References for the rules of others that spinroute-transport follows, in NumPy and SciPy.

Each rule is written down once more from its description in docs/transport.md, in the plainest form, without
the shortcuts of the Rust solvers:

- maxscore: greedy first choices in the order of tokens; the last one by SciPy's linear_sum_assignment on as
  many copies of an expert as it has room; and MaxScore's iterative rerouting.
- base: fairseq's BASE auction, the experts bidding on a dense table.
- sinkhorn: the iteration of Megatron-LM's routers in f32.
- histogram: Kimi K3's histogram form of quantile balancing, as Megatron-LM and torchtitan have it, in f32.

    python transport_reference.py FOLDER   # writes the four files of crates/transport/tests/references

Scores come from a generator of whole numbers that the Rust tests have too, so that both see the same bits.
Needs numpy and scipy.
"""

import argparse
import json
import pathlib

import numpy as np
from scipy.optimize import linear_sum_assignment

FORBIDDEN = -1e9


def draws(seed, count):
    """Numbers from 0 to 2^20 - 1: SplitMix64, the upper bits."""
    mask = (1 << 64) - 1
    out, state = np.empty(count, np.int64), seed
    for i in range(count):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        out[i] = (z ^ (z >> 31)) >> 44
    return out


def table(seed, tokens, experts, skew):
    """Scores that f32 holds: u / 2^20 + skew (E - 1 - e) / 2^10, u drawn row by row."""
    noise = draws(seed, tokens * experts).reshape(tokens, experts) / 2**20
    return noise + skew * (experts - 1 - np.arange(experts)) / 2**10


def sizes(seed, k_most):
    """Tokens, experts, k and skew of an instance."""
    a, b, c, d = (int(x) for x in draws(seed + 1_000_000, 4))
    experts = 2 + a % 7
    k = 1 + c % min(k_most, experts - 1)
    return 4 + b % 21, experts, k, d % 200


def objective(scores, rows):
    return float(sum(scores[t, e] for t, row in enumerate(rows) for e in row))


def maxscore_released(scores, k, capacity):
    """The score of k - 1 greedy choices and an exact last one; None where that leaves a token without."""
    tokens, experts = scores.shape
    room, rows = np.full(experts, capacity), [[] for _ in range(tokens)]
    for _ in range(k - 1):
        for t in range(tokens):
            open_to = [e for e in range(experts) if room[e] > 0 and e not in rows[t]]
            if not open_to:
                return None
            best = max(open_to, key=lambda e: (scores[t, e], -e))
            rows[t].append(best)
            room[best] -= 1
    copies = np.repeat(np.arange(experts), room)
    last = scores.copy()
    for t, row in enumerate(rows):
        last[t, row] = FORBIDDEN
    chosen, places = linear_sum_assignment(last[:, copies], maximize=True)
    if len(chosen) < tokens or last[chosen, copies[places]].min() == FORBIDDEN:
        return None
    for t, place in zip(chosen, places):
        rows[t].append(int(copies[place]))
    return objective(scores, rows)


def maxscore_reroute(scores, k, capacity):
    """The table of the iterative variant, rows sorted; slots of dropped choices are left out."""
    tokens, experts = scores.shape
    order = np.argsort(-scores, axis=1, kind="stable")
    load, rows = np.zeros(experts, int), [[] for _ in range(tokens)]
    for rank in range(k - 1):
        for t in range(tokens):
            e = order[t, rank]
            if load[e] < capacity:
                rows[t].append(int(e))
                load[e] += 1
    asking = list(range(tokens))
    for rank in range(k - 1, experts):
        still = []
        for t in asking:
            e = order[t, rank]
            if load[e] < capacity:
                rows[t].append(int(e))
                load[e] += 1
            else:
                still.append(t)
        asking = still
    return [sorted(row) for row in rows]


def maxscore():
    released, reroute = [], []
    for seed in range(1, 201):
        tokens, experts, k, skew = sizes(seed, 4)
        scores = table(seed, tokens, experts, skew)
        capacity = -(-tokens * k // experts)
        released.append(maxscore_released(scores, k, capacity))
        if seed <= 40:
            reroute.append(maxscore_reroute(scores, k, capacity))
    return {"released": released, "reroute": reroute}


def base(scores, limit=100):
    """The expert of every token, and the rounds taken."""
    tokens, experts = scores.shape
    share = tokens // experts
    epsilon = max((scores.max() - scores.min()) / 50, 1e-4)
    values, cost, highest = scores.T.copy(), np.zeros(tokens), scores.max()
    held = np.zeros((experts, tokens), bool)
    for done in range(100_000):
        # Largest values first; of equal ones the earlier tokens.
        order = np.argsort(-values, axis=1, kind="stable")
        bids = np.zeros((experts, tokens))
        for e in range(experts):
            mine = order[e, :share]
            bids[e, mine] = values[e, mine] - values[e, order[e, share]] + epsilon
        if 0 < done < limit:
            bids[held] = epsilon
        high, winner = bids.max(axis=0), bids.argmax(axis=0)
        if (high > 0).all():
            return winner.tolist(), done + 1
        cost += high
        values = (scores - cost[:, None]).T.copy()
        held = np.zeros((experts, tokens), bool)
        bidden = np.flatnonzero(high > 0)
        held[winner[bidden], bidden] = True
        values[held] = highest if done < limit else scores.T[held]
    raise RuntimeError("no end")


def base_all():
    out = []
    for seed in range(1, 101):
        a, b, c, _ = (int(x) for x in draws(seed + 2_000_000, 4))
        experts, share, skew = 2 + a % 7, 1 + b % 8, [0, 20, 200, 1000][c % 4]
        scores = table(seed, experts * share, experts, skew)
        if seed > 80:
            scores = np.floor(4 * scores) / 4  # many ties
        experts_of, rounds = base(scores)
        few = base(scores, 5)[0]
        out.append({"shape": [experts * share, experts], "skew": skew, "experts": experts_of,
                    "rounds": rounds, "after_five": few})
    return out


def sinkhorn(logits, tol=1e-4):
    """The plan, and the iterations taken; all in f32."""
    cost = np.exp(logits.astype(np.float32))
    tokens, experts = cost.shape
    one, eps = np.float32(1), np.float32(1e-8)
    d0, d1 = np.ones(tokens, np.float32), np.ones(experts, np.float32)
    error, done = np.float32(1e9), 0
    while error > tol:
        before = d1
        d0 = one / np.float32(tokens) * one / ((d1 * cost).sum(axis=1) + eps)
        d1 = one / np.float32(experts) * one / ((d0[:, None] * cost).sum(axis=0) + eps)
        error, done = np.abs(before - d1).mean(), done + 1
    return d1 * cost * d0[:, None], done


def sinkhorn_all():
    out = []
    for seed, (tokens, experts, scale, skew) in enumerate(
        [(16, 4, 4, 0), (24, 6, 8, 50), (40, 8, 2, 200), (33, 5, 1, 1000), (64, 3, 16, 0)], 1
    ):
        logits = scale * table(seed, tokens, experts, skew)
        plan, done = sinkhorn(logits)
        out.append({"shape": [tokens, experts], "scale": scale, "skew": skew, "iterations": done,
                    "plan": [float(x) for x in plan.ravel()]})
    return out


def histogram(scores, k, rounds, bins):
    """The biases after so many rounds on one batch; all in f32."""
    tokens, experts = scores.shape
    scores, bias = scores.astype(np.float32), np.zeros(experts, np.float32)
    for _ in range(rounds):
        cutoff = -np.sort(-(scores + bias), axis=1)[:, k]
        low = bias.min() - np.float32(1)
        width = (bias.max() - bias.min() + np.float32(2)) / np.float32(bins)
        required = cutoff[:, None] - scores
        places = np.floor((required - low) / width).astype(int).clip(0, bins - 1)
        position = np.empty(experts, np.float32)
        for e in range(experts):
            counts = np.bincount(places[:, e], minlength=bins)
            target = np.float32(tokens) * np.float32(k / experts)
            place = int((np.cumsum(counts) < np.ceil(target)).sum())
            before = counts[:place].sum()
            position[e] = np.float32(place) + (target - np.float32(before)) / np.float32(counts[place])
        bias = (position - np.float32(position.astype(np.float64).mean())) * width
    return bias


def histogram_all():
    out = []
    for seed, (tokens, experts, k, skew, bins) in enumerate(
        [(64, 8, 2, 0, 1000), (96, 12, 3, 20, 1000), (100, 7, 2, 50, 512), (256, 16, 4, 30, 64), (40, 5, 1, 100, 1000)],
        1,
    ):
        scores = table(seed, tokens, experts, skew)
        biases = {r: [float(x) for x in histogram(scores, k, r, bins)] for r in (1, 2, 8)}
        out.append({"shape": [tokens, experts], "k": k, "skew": skew, "bins": bins, "biases": biases})
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in [("maxscore", maxscore), ("base", base_all), ("sinkhorn_megatron", sinkhorn_all),
                       ("quantile_histogram", histogram_all)]:
        (folder / f"{name}.json").write_text(json.dumps(make(), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
