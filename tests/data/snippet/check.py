"""The lab's PyTorch snippets against the lab: norms of delta at the start, over 200 seeds.

Run with the lab's binary as the argument: `python check.py target/debug/gradient-lab`. It needs
PyTorch. For each network of this folder the snippet is written anew, compared with the stored one,
and run: 200 networks from torch's seeds 0 to 199, against the lab's from seeds 1000 to 1199, which
were fixed before the first run. In each layer the two samples of the norms are compared by
Kolmogorov and Smirnov's test at 1 %, shared out among the layers of all networks (Bonferroni).
"""

import json
import math
import pathlib
import subprocess
import sys

import torch

SEEDS = 200
LAB_SEED = 1000
LEVEL = 0.01
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def lab(binary, *arguments, text=None):
    done = subprocess.run([binary, *arguments], input=text, capture_output=True, text=True, check=True)
    return done.stdout


def lab_norms(binary, text, seed):
    given = text.replace("seed = 1000", f"seed = {seed}")
    layers = json.loads(lab(binary, "run", "-", text=given))["variants"][0]["layers"]
    return [layer["delta_norm"] for layer in layers]


def torch_norms(snippet, architecture, seed):
    torch.manual_seed(seed)
    names = {}
    exec(snippet, names)
    net = names["Net"]().train()
    batch = architecture.get("batch", 1)
    x = torch.randn(batch, architecture["input"])
    y = torch.randn(batch, architecture["output"])
    if architecture["loss"] == "bce":
        y = (y > 0).to(x.dtype)
    if architecture["loss"] == "softmax_ce":
        y = torch.nn.functional.one_hot(y.argmax(dim=1), y.shape[1]).to(x.dtype)
    if hasattr(net, "lsuv"):
        net.lsuv(x)
    z = []

    def keep(module, inputs, output):
        output.retain_grad()
        z.append(output)

    for layer in dict.fromkeys(net.dense):
        layer.register_forward_hook(keep)
    # The loss is a mean: a delta is that of the sum.
    (batch * names["loss_of"](net(x), y)).backward()
    return [z.grad.square().sum(dim=1).mean().sqrt().item() for z in z]


def distance(a, b):
    """The largest distance of two empirical distributions."""
    steps = sorted([(value, 1) for value in a] + [(value, -1) for value in b])
    height, largest = 0, 0
    for place, (value, step) in enumerate(steps):
        height += step
        if place + 1 == len(steps) or steps[place + 1][0] != value:
            largest = max(largest, abs(height))
    return largest / len(a)


def main(binary):
    folder = pathlib.Path(__file__).parent
    files = sorted(folder.glob("*.toml"))
    found, layers = {}, 0
    for file in files:
        text = file.read_text()
        snippet = lab(binary, "pytorch", str(file))
        assert snippet == file.with_suffix(".py.txt").read_text(), f"{file.stem}: another snippet is stored"
        architecture = json.loads(lab(binary, "run", str(file)))["experiment"]["architecture"]
        of_lab = [lab_norms(binary, text, LAB_SEED + seed) for seed in range(SEEDS)]
        of_torch = [torch_norms(snippet, architecture, seed) for seed in range(SEEDS)]
        found[file.stem] = [distance(a, b) for a, b in zip(zip(*of_lab), zip(*of_torch))]
        layers += len(found[file.stem])
    # P(D > d) = 2 exp(-n d^2) for two samples of n each.
    critical = math.sqrt(math.log(2 * layers / LEVEL) / SEEDS)
    print(f"torch {torch.__version__}, {SEEDS} seeds, {layers} layers: D below {critical:.4f}")
    for name, distances in found.items():
        print(f"{name:16} largest D {max(distances):.4f} in layer {1 + distances.index(max(distances))}")
    assert all(max(distances) < critical for distances in found.values())


main(sys.argv[1])
