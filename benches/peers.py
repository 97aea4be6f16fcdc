#!/usr/bin/env python3
"""The lab's pass beside NumPy's and PyTorch's, on the same work in the same run.

    python3 benches/peers.py [--rounds N] [--only REGEX] [--seconds S]

needs NumPy; PyTorch joins in where it is installed. Each round measures the lab (by
`cargo bench --bench passes`), then each peer, one right after the other, and takes the ratio
of their medians; printed is the median ratio of all rounds with the smallest and the largest.
A benchmark is named as in benches/passes.rs: WORKLOAD/KIND/PRECISION/THREADS.

What the peers do is what a careful user of them would write: matrices made beforehand, the
error signal brought near 1 after each layer so that its norm is never lost (NumPy), or
`torch.autograd.grad` of the summed loss with respect to every pre-activation (PyTorch, which
loses the deep norms to underflow). A redraw in NumPy is timed twice: by the generator of the
chapter (`RandomState`, the lab's own `numpy` draws) and by the faster `default_rng`.

Before all, `cargo bench --bench machine` measures what one thread of this machine can do. From it
comes a pass's limit: its multiply-adds at the measured peak, or its weights read once on the way
forward and once on the way back at the measured bandwidth of a working set that large, whichever
takes longer. Nothing else is counted, so the limit can be approached and not reached.

With `--set avx2` neither the lab nor NumPy uses AVX-512; PyTorch is left out.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
#          depth, width, batch, seeds, input, output
WORKLOADS = {
    "W1": (50, 256, 1, 1, 256),
    "W2": (100, 256, 32, 1, 256),
    "W3": (100, 512, 64, 1, 512),
    "W4": (1000, 64, 1, 1, 64),
    "W5": (5, 20, 1, 1, 10),
    "W6": (30, 128, 1, 64, 128),
}
# Kind, precision, threads, peer and the ratio that is aimed at, workload by workload.
TARGETS = [
    ("pass", "f32", 1, "numpy", dict(W1=0.7, W2=0.55, W3=0.7, W4=0.12, W5=0.04, W6=0.65)),
    ("pass", "f64", 1, "numpy", dict(W1=0.8, W2=0.6, W3=0.75, W4=0.4, W6=0.65)),
    ("pass", "f32", 2, "numpy", dict(W2=0.55, W3=0.8, W6=0.45)),
    ("pass", "f32", 1, "torch", dict(W1=0.2, W2=0.6, W3=0.9, W4=0.03, W6=0.15)),
    ("redraw", "f32", 1, "numpy-legacy", dict(W1=0.15, W2=0.2, W3=0.3, W4=0.12, W6=0.1)),
    ("redraw", "f32", 1, "numpy", dict(W1=0.15, W2=0.2, W3=0.3, W4=0.12, W6=0.1)),
    ("redraw", "f32", 2, "numpy", dict(W1=0.15, W2=0.2, W3=0.3, W4=0.12, W6=0.1)),
    ("rescale", "f32", 1, "numpy", dict.fromkeys(WORKLOADS)),
]
# The aims of passes in f32 on one thread where both are held to AVX2.
NARROW_TARGETS = dict(W2=0.65, W3=0.8)
# What holds the lab and NumPy, its OpenBLAS too, to AVX2.
NARROW = dict(
    LAB_INSTRUCTION_SET="avx2",
    OPENBLAS_CORETYPE="Haswell",
    NPY_DISABLE_CPU_FEATURES="AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR",
)
# Kinds of the lab beside its own pass: the ratio that is aimed at.
OWN = ("gradients", "f32", dict(W1=1.15, W2=1.35, W3=1.2, W4=1.15, W5=1.15, W6=1.15))


def median(numbers):
    numbers = sorted(numbers)
    middle = len(numbers) // 2
    return numbers[middle] if len(numbers) % 2 else (numbers[middle - 1] + numbers[middle]) / 2


# The peers, each in a process of its own, since its threads are set at its start.


def sizes(workload):
    depth, width, _, _, inputs = WORKLOADS[workload]
    return [inputs] + [width] * depth + [1]


def time_calls(call, seconds):
    call()
    times, begin = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return median(times) * 1e3


def numpy_peer(workload, kind, precision, seconds, legacy):
    import numpy as np

    dtype = dict(f32=np.float32, f64=np.float64)[precision]
    _, _, batch, seeds, _ = WORKLOADS[workload]
    shape = sizes(workload)
    draws = [np.random.default_rng(1)]

    def normal(*shape):
        if legacy:
            return draws[0].standard_normal(shape).astype(dtype, copy=False)
        return draws[0].standard_normal(shape, dtype=dtype)

    def network():
        units = [normal(fan_out, fan_in) for fan_in, fan_out in zip(shape, shape[1:])]
        return units, normal(shape[0], batch), normal(shape[-1], batch)

    def scaled(units, gain):
        fans = zip(shape, shape[1:])
        return [u * dtype(gain * (2 / (a + b)) ** 0.5) for u, (a, b) in zip(units, fans)]

    def run(weights, x, y):
        a, activations = x, []
        for w in weights:
            a = 1 / (1 + np.exp(-(w @ a)))
            activations.append(a)
        delta = (a - y) * (a * (1 - a))
        exponent, norms = 0, []
        for layer in range(len(weights) - 1, -1, -1):
            norms.append((np.linalg.norm(delta) / batch**0.5, exponent))
            if layer == 0:
                break
            a = activations[layer - 1]
            delta = (weights[layer].T @ delta) * (a * (1 - a))
            top = np.frexp(np.abs(delta).max())[1]
            delta *= dtype(2.0 ** -int(top))
            exponent += int(top)
        return norms

    if legacy:
        draws[0] = np.random.RandomState(1)
    made = [network() for _ in range(seeds)]
    weights = [scaled(units, 1.0) for units, _, _ in made]
    gains = [1.0]

    def call():
        if kind == "redraw":
            for _ in range(seeds):
                units, x, y = network()
                run(scaled(units, 1.0), x, y)
        elif kind == "rescale":
            gains[0] = 2.1 - gains[0]
            for units, x, y in made:
                run(scaled(units, gains[0]), x, y)
        else:
            for w, (_, x, y) in zip(weights, made):
                run(w, x, y)

    return time_calls(call, seconds)


def torch_peer(workload, precision, threads, seconds):
    import torch

    torch.set_num_threads(threads)
    dtype = dict(f32=torch.float32, f64=torch.float64)[precision]
    _, _, batch, seeds, _ = WORKLOADS[workload]
    shape = sizes(workload)
    torch.manual_seed(1)

    def network():
        weights = [
            torch.randn(fan_out, fan_in, dtype=dtype) * (2 / (fan_in + fan_out)) ** 0.5
            for fan_in, fan_out in zip(shape, shape[1:])
        ]
        return weights, torch.randn(shape[0], batch, dtype=dtype), torch.randn(1, batch, dtype=dtype)

    made = [network() for _ in range(seeds)]

    def call():
        for weights, x, y in made:
            # Every pre-activation must know its gradient, the first as well.
            a, signals = x, []
            for w in weights:
                z = w @ a
                if not signals:
                    z.requires_grad_(True)
                signals.append(z)
                a = torch.sigmoid(z)
            loss = 0.5 * ((a - y) ** 2).sum()
            deltas = torch.autograd.grad(loss, signals)
            [torch.linalg.vector_norm(delta) / batch**0.5 for delta in deltas]

    return time_calls(call, seconds)


def peer(name, workload, kind, precision, threads, seconds):
    """A peer's median in ms, from a process of its own; None where it is not installed."""
    environment = dict(os.environ)
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        environment[variable] = str(threads)
    command = [sys.executable, __file__, "--peer", name, workload, kind, precision, str(threads)]
    done = subprocess.run(
        [*command, "--seconds", str(seconds)], env=environment, capture_output=True, text=True
    )
    if done.returncode != 0:
        if "ModuleNotFoundError" in done.stderr:
            return None
        sys.exit(f"{name} failed:\n{done.stderr}")
    return float(done.stdout)


def serve(arguments):
    name, workload, kind, precision, threads = arguments.peer
    if name == "torch":
        print(torch_peer(workload, precision, int(threads), arguments.seconds))
    else:
        legacy = name == "numpy-legacy"
        print(numpy_peer(workload, kind, precision, arguments.seconds, legacy))


# The lab.


def lab_executables():
    """Builds the benchmarks and returns where `passes` and `machine` lie."""
    command = ["cargo", "bench", "--bench", "passes", "--bench", "machine", "--no-run"]
    done = subprocess.run(
        [*command, "--message-format=json"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    found = {}
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable"):
            found[message["target"]["name"]] = message["executable"]
    if not {"passes", "machine"} <= found.keys():
        sys.exit("cargo did not say where the benchmarks are; run `cargo bench --bench passes` alone")
    return found["passes"], found["machine"]


def lab(executable, name, seconds):
    """The lab's median in ms."""
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(
            [executable, "--bench", f"^{name}$", "--measurement-time", str(seconds),
             "--warm-up-time", "0.2", "--sample-size", "10", "--nresamples", "1000"],
            env={**os.environ, "CRITERION_HOME": home},
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        [estimates] = pathlib.Path(home).glob("**/new/estimates.json")
        return json.loads(estimates.read_text())["median"]["point_estimate"] / 1e6


def limit(machine, widest, workload, precision):
    """The least time of a pass on one thread, ms, and what sets it."""
    _, _, batch, seeds, _ = WORKLOADS[workload]
    shape = sizes(workload)
    products = [fan_in * fan_out for fan_in, fan_out in zip(shape, shape[1:])]
    # Nothing is sent back below layer 1.
    both_ways = 2 * sum(products) - products[0]
    arithmetic = both_ways * batch * seeds / machine["peaks"][widest][precision]
    number = dict(f32=4, f64=8)[precision]
    working_set = sum(products) * seeds * number
    # The first size that holds it; beyond the largest, that one.
    reads = [r for r in machine["reads"] if r["bytes"] >= working_set] or machine["reads"][-1:]
    memory = both_ways * seeds * number / reads[0]["per_second"]
    return max((arithmetic * 1e3, "arithmetic"), (memory * 1e3, "memory"))


def describe(machine):
    print(f"{machine['processor']}, one thread:\n")
    print("| instruction set | f32, 10⁹ multiply-adds/s | f64 |")
    print("|---|---|---|")
    for name, peak in machine["peaks"].items():
        print(f"| {name} | {peak['f32'] / 1e9:.1f} | {peak['f64'] / 1e9:.1f} |")
    print("\n| working set | read, GB/s |")
    print("|---|---|")
    for read in machine["reads"]:
        print(f"| {read['bytes'] // 1024} KB | {read['per_second'] / 1e9:.1f} |")
    describe_products(machine["products"])
    print()


def describe_products(products):
    columns = [(name, precision) for name in products for precision in products[name]]
    print("\n| product, × its multiply-adds at the peak |" + "".join(f" {n} {p} |" for n, p in columns))
    print("|---|" + "---|" * len(columns))
    for row in zip(*(products[name][precision] for name, precision in columns)):
        units, examples = row[0]["shape"]["units"], row[0]["shape"]["examples"]
        cells = "".join(f" {cell['times_limit']:.2f} |" for cell in row)
        print(f"| {row[0]['product']}, {units} units, {examples} examples |{cells}")


def compare(rounds, seconds, only, widest):
    executable, machine = lab_executables()
    machine = json.loads(subprocess.run([machine], capture_output=True, check=True).stdout)
    describe(machine)
    widest = widest or list(machine["peaks"])[-1]
    print("| benchmark | lab, ms | beside | ms | ratio | spread | aim | | limit, ms | × limit |")
    print("|---|---|---|---|---|---|---|---|---|---|")

    def report(name, other, pairs, aim):
        ratios = [a / b for a, b in pairs]
        ratio = median(ratios)
        ours = median([a for a, _ in pairs])
        verdict = "" if aim is None else "met" if ratio <= aim else "missed"
        workload, kind, precision, threads = name.split("/")
        least = "| |"
        if kind == "pass" and threads == "1":
            ms, by = limit(machine, widest, workload, precision)
            least = f"| {ms:.4g} {by} | {ours / ms:.2f} |"
        print(
            f"| {name} | {ours:.4g} | {other} "
            f"| {median([b for _, b in pairs]):.4g} | {ratio:.3f} "
            f"| {min(ratios):.3f}–{max(ratios):.3f} | {aim or ''} | {verdict} {least}",
            flush=True,
        )

    for kind, precision, threads, other, aims in TARGETS:
        # PyTorch's own libraries choose by themselves.
        if widest == "avx2" and other == "torch" and "avx512" in machine["peaks"]:
            continue
        for workload, aim in aims.items():
            if widest == "avx2":
                is_aimed_at = (kind, precision, threads, other) == ("pass", "f32", 1, "numpy")
                aim = NARROW_TARGETS.get(workload) if is_aimed_at else None
            name = f"{workload}/{kind}/{precision}/{threads}"
            if not only.search(f"{name} {other}"):
                continue
            pairs = []
            for _ in range(rounds):
                ours = lab(executable, name, seconds)
                theirs = peer(other, workload, kind, precision, threads, seconds)
                if theirs is None:
                    print(f"| {name} | {ours:.4g} | {other} is not installed | | | | | | | |")
                    break
                pairs.append((ours, theirs))
            if pairs:
                report(name, other, pairs, aim)

    kind, precision, aims = OWN
    for workload, aim in aims.items():
        name = f"{workload}/{kind}/{precision}/1"
        if only.search(f"{name} own pass"):
            plain = f"{workload}/pass/{precision}/1"
            pairs = [
                (lab(executable, name, seconds), lab(executable, plain, seconds))
                for _ in range(rounds)
            ]
            report(name, "its own pass", pairs, aim)


def main():
    parser = argparse.ArgumentParser(description="The lab's pass beside NumPy's and PyTorch's.")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each comparison")
    parser.add_argument("--seconds", type=float, default=0.5, help="time for each measurement")
    parser.add_argument("--only", default="", help="a regular expression on name and peer")
    parser.add_argument("--set", choices=["avx2"], help="hold the lab and NumPy to it")
    parser.add_argument("--peer", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        serve(arguments)
    else:
        if arguments.set:
            os.environ.update(NARROW)
        compare(
            arguments.rounds, arguments.seconds, re.compile(arguments.only), arguments.set
        )


if __name__ == "__main__":
    main()
