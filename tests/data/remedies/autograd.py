"""Gradients of 60 random networks with normalization, skips, tied weights and exceptions.

Writes autograd.json beside it: each network as an experiment file's text, with all gradients as
PyTorch's autograd finds them in float64. Needs PyTorch (2.4 or later) and NumPy:

    python autograd.py
"""

import json
import pathlib
import random

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

ACTIVATIONS = {
    "linear": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda z: F.leaky_relu(z, 0.01),
    "gelu": F.gelu,
    "silu": F.silu,
    "selu": F.selu,
    "elu": F.elu,
    "softplus": F.softplus,
}
STDS = {
    "xavier_normal": lambda fan_in, fan_out: np.sqrt(2 / (fan_in + fan_out)),
    "he_normal": lambda fan_in, fan_out: np.sqrt(2 / fan_in),
    "lecun_normal": lambda fan_in, fan_out: np.sqrt(1 / fan_in),
}


def case(choose, number):
    depth, width = choose.randint(2, 6), choose.randint(2, 6)
    batch = choose.choice([3, 5, 8])
    norm = choose.choice([None, "batch", "layer", "rms"])
    skip = choose.choice([None, "post", "pre"] + (["post_norm"] if norm else []))
    spec = dict(
        seed=1000 + number, input=choose.randint(1, 4), depth=depth, width=width,
        output=choose.randint(2, 3), batch=batch, loss=choose.choice(["mse", "bce", "softmax_ce"]),
        activation=choose.choice(list(ACTIVATIONS)), scheme=choose.choice(list(STDS)),
        bias=choose.choice([0.0, 0.4]), norm=norm, skip=skip,
        epsilon=choose.choice([1e-5, 1e-2]),
        alpha=choose.choice([1.0, 0.5, "inverse_sqrt_depth"]) if skip else 1.0,
        tied=choose.random() < 0.3,
        exceptions={},
    )
    for layer in range(1, depth + 1):
        if choose.random() < 0.25:
            own = {"activation": choose.choice(list(ACTIVATIONS))}
            if not spec["tied"]:
                own["scheme"] = choose.choice(list(STDS))
            spec["exceptions"][layer] = own
    return spec


def text(spec):
    quoted = lambda value: f'"{value}"' if isinstance(value, str) else value
    lines = [
        f"seed = {spec['seed']}", "[architecture]",
        *(f"{key} = {quoted(spec[key])}" for key in ["input", "depth", "width", "output", "batch", "loss"]),
        "[[variant]]", f'activation = "{spec["activation"]}"', f'init = {{ scheme = "{spec["scheme"]}" }}',
    ]
    if spec["loss"] == "mse":
        lines.append('output_activation = "tanh"')
    if spec["bias"]:
        lines.append(f'bias = {{ scheme = "normal", std = {spec["bias"]} }}')
    if spec["norm"]:
        lines.append(f'normalization = {{ kind = "{spec["norm"]}", epsilon = {spec["epsilon"]} }}')
    if spec["skip"]:
        lines += [f'skip = "{spec["skip"]}"', f"skip_scale = {quoted(spec['alpha'])}"]
    if spec["tied"]:
        lines.append("tied = true")
    for layer, own in spec["exceptions"].items():
        lines += ["[[variant.layer]]", f"index = {layer}", f'activation = "{own["activation"]}"']
        if "scheme" in own:
            lines.append(f'init = {{ scheme = "{own["scheme"]}" }}')
    return "\n".join(lines)


def draws(spec):
    """NumPy's stream in the lab's order: W1 … WL, x, y, b1 … bL."""
    sizes = [spec["input"]] + [spec["width"]] * spec["depth"] + [spec["output"]]
    stream = np.random.RandomState(spec["seed"])
    weights = [stream.randn(out, into) for into, out in zip(sizes, sizes[1:])]
    x, y = stream.randn(sizes[0], spec["batch"]), stream.randn(sizes[-1], spec["batch"])
    biases = [stream.randn(out) for out in sizes[1:]]
    for l, weight in enumerate(weights, 1):
        scheme = spec["exceptions"].get(l, {}).get("scheme", spec["scheme"])
        weight *= STDS[scheme](weight.shape[1], weight.shape[0])
    leaf = lambda array: torch.tensor(array, requires_grad=True)
    return [leaf(w) for w in weights], leaf(x.T.copy()), torch.tensor(y.T.copy()), [
        leaf(b * spec["bias"]) for b in biases
    ]


def gradients(spec):
    weights, x, y, biases = draws(spec)
    depth, width = spec["depth"], spec["width"]
    gamma = [torch.ones(width, requires_grad=True) for _ in range(depth)]
    beta = [torch.zeros(width, requires_grad=True) for _ in range(depth)]
    alpha = depth**-0.5 if spec["alpha"] == "inverse_sqrt_depth" else spec["alpha"]

    def norm(l, z):
        g, b, eps = gamma[l - 1], beta[l - 1], spec["epsilon"]
        match spec["norm"]:
            case None:
                return z
            case "batch":
                return F.batch_norm(z, None, None, g, b, training=True, eps=eps)
            case "layer":
                return F.layer_norm(z, (width,), g, b, eps)
            case "rms":
                return F.rms_norm(z, (width,), g, eps) + b

    def dense(l, a):
        shared = 2 if spec["tied"] and 2 <= l <= depth else l
        return a @ weights[shared - 1].T + biases[shared - 1]

    def phi(l, z):
        name = spec["exceptions"].get(l, {}).get("activation", spec["activation"])
        return ACTIVATIONS[name](z)

    skip, h, into = spec["skip"], None, x
    for l in range(1, depth + 1):
        z = dense(l, into)
        if skip == "pre":
            h = z if l == 1 else h + alpha * z
            into = phi(l, norm(l, h))
        elif skip == "post_norm":
            h = norm(l, phi(l, z) if l == 1 else h + alpha * phi(l, z))
            into = h
        else:
            made = phi(l, norm(l, z))
            h = made if l == 1 or skip is None else h + alpha * made
            into = h
    z = dense(depth + 1, into)
    match spec["loss"]:
        case "mse":
            loss = 0.5 * ((torch.tanh(z) - y) ** 2).sum(1).mean()
        case "bce":
            loss = F.binary_cross_entropy_with_logits(z, (y > 0).double(), reduction="none").sum(1).mean()
        case "softmax_ce":
            loss = F.cross_entropy(z, y.argmax(1))
    loss.backward()
    found = {"loss": loss.item(), "x": (x.grad.T).flatten().tolist()}
    for l in range(1, depth + 2):
        if spec["tied"] and 3 <= l <= depth:
            continue
        found[f"W{l}"] = weights[l - 1].grad.flatten().tolist()
        found[f"b{l}"] = biases[l - 1].grad.flatten().tolist()
    if spec["norm"]:
        for l in range(1, depth + 1):
            found[f"gamma{l}"] = gamma[l - 1].grad.tolist()
            found[f"beta{l}"] = beta[l - 1].grad.tolist()
    return found


if __name__ == "__main__":
    choose = random.Random(2026)
    cases = []
    for number in range(60):
        spec = case(choose, number)
        cases.append({"experiment": text(spec), "tied": spec["tied"], "gradients": gradients(spec)})
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(cases))
