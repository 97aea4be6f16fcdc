"""log10 of the error signal's norms in deep normalized networks, in 80 decimal digits.

Writes deep.json beside it. Needs NumPy (for its legacy random numbers) and mpmath:

    python deep.py
"""

import json
import pathlib

import mpmath as mp
import numpy as np

mp.mp.dps = 80


def sigmoid(z):
    a = 1 / (1 + mp.exp(-z))
    return a, a * (1 - a)


def statistics(numbers, kind, epsilon):
    n = len(numbers)
    mean = mp.mpf(0) if kind == "rms" else mp.fsum(numbers) / n
    variance = mp.fsum((z - mean) ** 2 for z in numbers) / n
    return mean, mp.sqrt(variance + epsilon), variance / (variance + epsilon)


def groups(columns, kind):
    """The numbers that share statistics: units of an example, or examples of a unit."""
    return [list(row) for row in zip(*columns)] if kind == "batch" else [list(c) for c in columns]


def normalized(columns, kind, epsilon):
    made, kept = [], []
    for group in groups(columns, kind):
        mean, s, share = statistics(group, kind, epsilon)
        made.append([(z - mean) / s for z in group])
        kept.append((s, share))
    return groups(made, kind) if kind == "batch" else made, kept


def pulled_back(gradient, z, kind, kept):
    out = []
    for g, z, (s, share) in zip(groups(gradient, kind), groups(z, kind), kept):
        n = len(g)
        mean = mp.mpf(0) if kind == "rms" else mp.fsum(g) / n
        along = mp.fsum(a * b for a, b in zip(g, z)) / n
        # mean(ẑ²) is the share of the variance in v + ε.
        out.append([(a - mean - b * along) / s for a, b in zip(g, z)])
    return groups(out, kind) if kind == "batch" else out


def norms(kind, epsilon, depth, width, batch, seed):
    """‖δ^(l)‖ of a 3–(depth × width)–1 sigmoid network, Xavier normal, squared error."""
    sizes = [3] + [width] * depth + [1]
    random = np.random.RandomState(seed)
    weights = []
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        scale = np.sqrt(2 / (fan_in + fan_out))
        weights.append(random.randn(fan_out, fan_in) * scale)
    x, y = random.randn(3, batch), random.randn(1, batch)
    exact = [[[mp.mpf(float(w)) for w in row] for row in weight] for weight in weights]
    a = [[mp.mpf(float(x[i, b])) for i in range(3)] for b in range(batch)]
    trace = []
    for l, weight in enumerate(exact):
        z = [[mp.fsum(w * v for w, v in zip(row, column)) for row in weight] for column in a]
        kept = None
        if l < depth:
            z, kept = normalized(z, kind, mp.mpf(epsilon))
        both = [[sigmoid(v) for v in column] for column in z]
        a = [[value for value, _ in column] for column in both]
        trace.append((z, [[slope for _, slope in column] for column in both], kept))
    delta = [[(a[b][0] - mp.mpf(float(y[0, b]))) * trace[-1][1][b][0]] for b in range(batch)]
    result = [delta]
    for l in range(depth - 1, -1, -1):
        z, slope, kept = trace[l]
        weight = exact[l + 1]
        delta = [
            [
                mp.fsum(weight[i][j] * column[i] for i in range(len(weight))) * slopes[j]
                for j in range(width)
            ]
            for column, slopes in zip(delta, slope)
        ]
        delta = pulled_back(delta, z, kind, kept)
        result.append(delta)
    result.reverse()
    rms = lambda d: mp.sqrt(mp.fsum(v * v for column in d for v in column) / batch)
    return [float(mp.log10(rms(d))) for d in result]


CASES = [
    dict(kind="layer", epsilon=1e-5, depth=1000, width=8, batch=1, seed=42),
    dict(kind="rms", epsilon=1e-5, depth=1000, width=8, batch=2, seed=7),
    dict(kind="batch", epsilon=0.0, depth=200, width=8, batch=32, seed=42),
    # Two numbers share statistics: nothing is perpendicular to them.
    dict(kind="batch", epsilon=1e-5, depth=12, width=5, batch=2, seed=3),
    dict(kind="layer", epsilon=1e-5, depth=12, width=2, batch=3, seed=4),
]

if __name__ == "__main__":
    for case in CASES:
        case["log10"] = norms(**case)
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(CASES))
