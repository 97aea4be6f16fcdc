#!/usr/bin/env python3
"""The lab's training steps beside PyTorch's, JAX's and TensorFlow Playground's, in one run.

    python3 benches/training.py [--rounds N] [--only REGEX] [--playground nn.mjs]

needs PyTorch; JAX joins in where it is installed, and Playground's engine where its file is given
(benches/playground.mjs says how to make it). A benchmark is named as in benches/training.rs:
WORKLOAD/OPTIMIZER/THREADS. Each round times the lab (by `cargo bench --bench training`), then each
peer, on one thread each, one right after the other; printed are the medians of the rounds and the
median of their ratios with the smallest and the largest. A whole step is forward, backward, gradients
and update, in f32. PyTorch runs as its tutorials write it, and `foreach` and `fused` optimizers are
its own choice; JAX's step is one jitted function whose state is donated.
"""

import argparse
import os
import re
import subprocess
import time

# Before the peers ask how many processors there are.
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import torch
from torch import nn

try:
    import jax
    from jax import numpy as jnp
except ImportError:
    jax = None

WORKLOADS = {
    "T1": ([2] + [8] * 6 + [1], 10, "tanh", "mse"),
    "T2": ([64] + [128] * 20 + [10], 64, "relu", "softmax_ce"),
    "T3": ([64] + [512] * 8 + [10], 256, "relu", "softmax_ce"),
    "T4": ([784, 300, 100, 10], 32, "sigmoid", "softmax_ce"),
}
RATE = 1e-4
# The ratio that is aimed at.
AIMS = {
    ("T1/sgd", "playground"): 0.1,
    ("T1/sgd", "torch"): 0.03,
    ("T2/momentum", "torch"): 0.45,
    ("T2/adam", "torch"): 0.35,
    ("T3/momentum", "torch"): 0.85,
    ("T4/momentum", "torch"): 0.5,
}
RUNS = 5


def fastest(run, steps):
    """Microseconds a step; the first run is thrown away."""
    run()
    return min(run() for _ in range(RUNS)) * 1e6 / steps


def steps_of(name):
    return {"T1": 400, "T2": 40, "T3": 8, "T4": 150}[name]


def torch_step(name, optimizer):
    sizes, batch, activation, loss = WORKLOADS[name]
    phi = {"tanh": nn.Tanh, "relu": nn.ReLU, "sigmoid": nn.Sigmoid}[activation]
    modules = [m for n, k in zip(sizes, sizes[1:]) for m in (nn.Linear(n, k), phi())]
    net = nn.Sequential(*(modules if loss == "mse" else modules[:-1]))
    make = {
        "sgd": lambda p: torch.optim.SGD(p, RATE),
        "momentum": lambda p: torch.optim.SGD(p, RATE, momentum=0.9),
        "adam": lambda p: torch.optim.Adam(p, RATE),
    }
    optimizer = make[optimizer](net.parameters())
    x = torch.randn(batch, sizes[0])
    y = torch.randn(batch, sizes[-1]) if loss == "mse" else torch.randint(sizes[-1], (batch,))
    of = nn.MSELoss() if loss == "mse" else nn.CrossEntropyLoss()
    steps = steps_of(name)

    def run():
        start = time.perf_counter()
        for _ in range(steps):
            optimizer.zero_grad()
            of(net(x), y).backward()
            optimizer.step()
        return time.perf_counter() - start

    return fastest(run, steps)


def jax_step(name, optimizer):
    sizes, batch, activation, loss = WORKLOADS[name]
    phi = {"tanh": jnp.tanh, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid}[activation]
    key = jax.random.split(jax.random.key(1), len(sizes) + 2)
    layers = list(zip(sizes, sizes[1:], key))
    weights = [
        (jax.random.normal(k, (n, m)) * (2 / n) ** 0.5, jnp.zeros(m)) for n, m, k in layers
    ]
    x = jax.random.normal(key[-1], (batch, sizes[0]))
    if loss == "mse":
        y = jax.random.normal(key[-2], (batch, sizes[-1]))
    else:
        y = jax.nn.one_hot(jax.random.randint(key[-2], (batch,), 0, sizes[-1]), sizes[-1])

    def mean_loss(weights, x, y):
        for w, b in weights[:-1]:
            x = phi(x @ w + b)
        w, b = weights[-1]
        z = x @ w + b
        if loss == "mse":
            return jnp.mean((phi(z) - y) ** 2)
        return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(z), axis=1))

    def sgd(w, g, state, t):
        return w - RATE * g, state

    def momentum(w, g, state, t):
        v = 0.9 * state[0] + g
        return w - RATE * v, (v,)

    def adam(w, g, state, t):
        m, v = 0.9 * state[0] + 0.1 * g, 0.999 * state[1] + 0.001 * g * g
        unbiased = jnp.sqrt(v / (1 - 0.999**t)) + 1e-8
        return w - RATE / (1 - 0.9**t) * m / unbiased, (m, v)

    move, kept = {"sgd": (sgd, 0), "momentum": (momentum, 1), "adam": (adam, 2)}[optimizer]
    leaves, tree = jax.tree.flatten(weights)
    states = [tuple(jnp.zeros_like(leaf) for _ in range(kept)) for leaf in leaves]

    def step(leaves, states, t, x, y):
        weights = jax.tree.unflatten(tree, leaves)
        value, gradients = jax.value_and_grad(mean_loss)(weights, x, y)
        gradients = jax.tree.flatten(gradients)[0]
        pairs = [move(w, g, s, t) for w, g, s in zip(leaves, gradients, states)]
        return [p[0] for p in pairs], [p[1] for p in pairs], t + 1, value

    step = jax.jit(step, donate_argnums=(0, 1, 2))
    at = [leaves, states, jnp.asarray(1.0), None]
    steps = steps_of(name)

    def run():
        start = time.perf_counter()
        for _ in range(steps):
            at[:] = step(at[0], at[1], at[2], x, y)
        jax.block_until_ready(at)
        return time.perf_counter() - start

    return fastest(run, steps)


def lab(binary, name):
    printed = subprocess.run([*binary, name], check=True, capture_output=True, text=True).stdout
    return float(printed.split()[1])


def playground(path, name):
    if not path or name != "T1/sgd":
        return None
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "playground.mjs")
    return float(subprocess.run(["node", script, path], check=True, capture_output=True).stdout)


def median(numbers):
    numbers = sorted(numbers)
    middle = len(numbers) // 2
    return numbers[middle] if len(numbers) % 2 else (numbers[middle - 1] + numbers[middle]) / 2


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", type=re.compile, default=re.compile(""))
    parser.add_argument("--playground", metavar="nn.mjs")
    parser.add_argument("--lab", help="the benchmark's binary, where it is built already")
    options = parser.parse_args()
    torch.set_num_threads(1)
    binary = [options.lab] if options.lab else ["cargo", "bench", "-q", "--bench", "training", "--"]
    print("| benchmark | lab, µs | beside | µs | ratio | spread | aim | |\n|---|---|---|---|---|---|---|---|")
    for workload in WORKLOADS:
        for optimizer in ["sgd", "momentum", "adam"]:
            name = f"{workload}/{optimizer}"
            if not options.only.search(name):
                continue
            own, peers = [], {}
            for _ in range(options.rounds):
                own.append(lab(binary, f"{name}/1"))
                times = {"torch": torch_step(workload, optimizer)}
                times["jax"] = jax_step(workload, optimizer) if jax else None
                times["playground"] = playground(options.playground, name)
                for peer, micros in times.items():
                    if micros is not None:
                        peers.setdefault(peer, []).append(micros)
            for peer, micros in peers.items():
                ratios = [a / b for a, b in zip(own, micros)]
                aim = 1.0 if peer == "jax" else AIMS.get((name, peer))
                told = "" if aim is None else "met" if median(ratios) <= aim else "missed"
                print(
                    f"| {name} | {median(own):.1f} | {peer} | {median(micros):.1f} |"
                    f" {median(ratios):.3f} | {min(ratios):.3f}–{max(ratios):.3f} |"
                    f" {aim or ''} | {told} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
