"""50 steps of every optimizer on random networks with normalization, skips and tied weights.

Writes steps.json beside it: each training as an experiment file's text with its examples, and all
parameters that PyTorch has in float64 after 50 steps on minibatches of 8. Needs PyTorch (2.4 or
later) and NumPy:

    python steps.py
"""

import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

STEPS, BATCH, EXAMPLES = 50, 8, 24
ACTIVATIONS = {
    "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "gelu": F.gelu,
    "silu": F.silu, "elu": F.elu,
}
OPTIMIZERS = {
    "sgd": lambda p, o: torch.optim.SGD(p, o["learning_rate"], weight_decay=o["weight_decay"]),
    "momentum": lambda p, o: torch.optim.SGD(
        p, o["learning_rate"], momentum=o["momentum"], weight_decay=o["weight_decay"]),
    "nesterov": lambda p, o: torch.optim.SGD(
        p, o["learning_rate"], momentum=o["momentum"], weight_decay=o["weight_decay"], nesterov=True),
    "adam": lambda p, o: torch.optim.Adam(
        p, o["learning_rate"], (o["beta1"], o["beta2"]), o["epsilon"], o["weight_decay"]),
    "adamw": lambda p, o: torch.optim.AdamW(
        p, o["learning_rate"], (o["beta1"], o["beta2"]), o["epsilon"], o["weight_decay"]),
}


def cases():
    norms = [None, "batch", "layer", "rms"]
    skips = [None, "post", "pre", "post_norm"]
    number = 0
    for round_ in range(6):
        for name in OPTIMIZERS:
            norm = norms[(number + round_) % 4]
            skip = skips[(number // 2 + round_) % 4]
            if skip == "post_norm" and norm is None:
                skip = "pre"
            adam = name.startswith("adam")
            options = dict(
                learning_rate=0.001 if adam else [0.02, 0.1][number % 2],
                weight_decay=[0.0, 0.01, 0.1][number % 3],
            )
            if name in ("momentum", "nesterov"):
                options["momentum"] = [0.9, 0.5][number % 2]
            if adam:
                options |= dict(beta1=0.9, beta2=[0.999, 0.9][number % 2], epsilon=[1e-8, 1e-3][round_ % 2])
            yield dict(
                seed=300 + number, input=3, depth=[3, 7, 4][number % 3], width=[5, 4, 6][number % 3],
                output=2, loss=["mse", "bce", "softmax_ce"][number % 3],
                activation=list(ACTIVATIONS)[number % len(ACTIVATIONS)],
                bias=0.0 if norm == "batch" else 0.3, norm=norm, skip=skip, tied=number % 5 == 2,
                optimizer=name, options=options,
                clip=[None, ("norm", 0.3), ("value", 0.02)][(number + round_) % 3],
                schedule=["constant", "cosine"][round_ % 2], warmup=[0, 6, 10][number % 3],
            )
            number += 1


def text(case):
    lines = [
        f"seed = {case['seed']}", "[architecture]", f"input = {case['input']}",
        f"depth = {case['depth']}", f"width = {case['width']}", f"output = {case['output']}",
        f"batch = {BATCH}", f'loss = "{case["loss"]}"', "[training]", f"steps = {STEPS}",
        f'optimizer = "{case["optimizer"]}"', f'schedule = "{case["schedule"]}"',
        f"warmup = {case['warmup']}",
        *(f"{key} = {value}" for key, value in case["options"].items()),
        "[[variant]]", f'activation = "{case["activation"]}"', 'init = { scheme = "he_normal" }',
    ]
    if case["loss"] == "mse":
        lines.append('output_activation = "tanh"')
    if case["bias"]:
        lines.append(f'bias = {{ scheme = "normal", std = {case["bias"]} }}')
    if case["norm"]:
        lines.append(f'normalization = "{case["norm"]}"')
    if case["skip"]:
        lines.append(f'skip = "{case["skip"]}"')
    if case["tied"]:
        lines.append("tied = true")
    if case["clip"]:
        lines.append(f"clip = {{ {case['clip'][0]} = {case['clip'][1]} }}")
    return "\n".join(lines)


def train(case):
    sizes = [case["input"]] + [case["width"]] * case["depth"] + [case["output"]]
    depth, width = case["depth"], case["width"]
    # NumPy's stream in the lab's order: W1 … WL, x, y, b1 … bL.
    stream = np.random.RandomState(case["seed"])
    leaf = lambda array: torch.tensor(array, requires_grad=True)
    weights = [leaf(stream.randn(o, i) * np.sqrt(2 / i)) for i, o in zip(sizes, sizes[1:])]
    stream.randn(sizes[0], BATCH), stream.randn(sizes[-1], BATCH)
    biases = [leaf(stream.randn(o) * case["bias"]) for o in sizes[1:]]
    if case["tied"]:
        for l in range(3, depth + 1):
            weights[l - 1], biases[l - 1] = weights[1], biases[1]
    gamma = [leaf(np.ones(width)) for _ in range(depth)] if case["norm"] else []
    beta = [leaf(np.zeros(width)) for _ in range(depth)] if case["norm"] else []
    # A bias that batch normalization takes off again has a gradient of rounding noise.
    idle = case["norm"] == "batch" and case["skip"] != "post_norm"
    trained_biases = biases[depth:] if idle else biases
    own = {id(p): p for p in weights + trained_biases + gamma + beta}
    running = [(torch.zeros(width), torch.ones(width)) for _ in range(depth)]

    data = np.random.RandomState(1000 + case["seed"])
    x = torch.tensor(data.randn(EXAMPLES, sizes[0]))
    y = torch.tensor(data.randn(EXAMPLES, sizes[-1]))
    if case["loss"] == "bce":
        y = (y > 0).double()
    if case["loss"] == "softmax_ce":
        y = F.one_hot(y.argmax(1), sizes[-1]).double()

    def norm(l, z):
        match case["norm"]:
            case None:
                return z
            case "batch":
                return F.batch_norm(z, *running[l - 1], gamma[l - 1], beta[l - 1], training=True)
            case "layer":
                return F.layer_norm(z, (width,), gamma[l - 1], beta[l - 1])
            case "rms":
                return F.rms_norm(z, (width,), gamma[l - 1], 1e-5) + beta[l - 1]

    def loss_of(x, y):
        phi, skip, h, into = ACTIVATIONS[case["activation"]], case["skip"], None, x
        for l in range(1, depth + 1):
            z = into @ weights[l - 1].T + biases[l - 1]
            if skip == "pre":
                h = z if l == 1 else h + z
                into = phi(norm(l, h))
            elif skip == "post_norm":
                h = norm(l, phi(z) if l == 1 else h + phi(z))
                into = h
            else:
                made = phi(norm(l, z))
                h = made if l == 1 or skip is None else h + made
                into = h
        z = into @ weights[depth].T + biases[depth]
        match case["loss"]:
            case "mse":
                return 0.5 * ((torch.tanh(z) - y) ** 2).sum(1).mean()
            case "bce":
                return F.binary_cross_entropy_with_logits(z, y, reduction="none").sum(1).mean()
            case "softmax_ce":
                return F.cross_entropy(z, y)

    parameters = list(own.values())
    optimizer = OPTIMIZERS[case["optimizer"]](parameters, case["options"])
    schedulers = torch.optim.lr_scheduler
    warmup = case["warmup"]
    after = (
        schedulers.CosineAnnealingLR(optimizer, STEPS - warmup)
        if case["schedule"] == "cosine" else schedulers.ConstantLR(optimizer, 1.0)
    )
    if warmup:
        rise = schedulers.LinearLR(optimizer, 1 / warmup, 1.0, warmup - 1)
        after = schedulers.SequentialLR(optimizer, [rise, after], [warmup])
    losses = []
    for step in range(STEPS):
        part = slice(step % 3 * BATCH, step % 3 * BATCH + BATCH)
        optimizer.zero_grad()
        loss = loss_of(x[part], y[part])
        loss.backward()
        if case["clip"]:
            kind, limit = case["clip"]
            clip = dict(norm=torch.nn.utils.clip_grad_norm_, value=torch.nn.utils.clip_grad_value_)
            clip[kind](parameters, limit)
        optimizer.step()
        after.step()
        losses.append(loss.item())
    flat = lambda tensors: [t.detach().flatten().tolist() for t in tensors]
    found = {
        "weights": flat(weights), "biases": flat(biases), "gamma": flat(gamma), "beta": flat(beta),
    }
    if case["norm"] == "batch":
        found["running_mean"] = flat(mean for mean, _ in running)
        found["running_variance"] = flat(variance for _, variance in running)
    return {"experiment": text(case), "x": x.tolist(), "y": y.tolist(), "losses": losses, "after": found}


if __name__ == "__main__":
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps([train(case) for case in cases()]))
