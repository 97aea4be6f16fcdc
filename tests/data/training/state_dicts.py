"""MLPs with PyTorch's own draws, saved as state dicts, and their error signals by autograd.

Writes plain.safetensors, batch.safetensors and layer.safetensors beside it, and state_dicts.json:
for each an experiment file's text and the root mean square over the examples of the norm of each
layer's error signal, in float64. Needs PyTorch (2.4 or later):

    python state_dicts.py
"""

import json
import pathlib
import struct

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
HERE = pathlib.Path(__file__).parent
SIZES, BATCH = [4, 9, 7, 8, 3], 6


def save(path, tensors):
    """The safetensors format: the header's length, the header, the numbers."""
    kinds = {torch.float64: "F64", torch.int64: "I64"}
    header, data = {}, b""
    for name, tensor in tensors.items():
        numbers = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {
            "dtype": kinds[tensor.dtype], "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(numbers)],
        }
        data += numbers
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def network(norm):
    modules, signals = [], []
    for inputs, units in zip(SIZES[:-2], SIZES[1:-1]):
        modules.append(nn.Linear(inputs, units))
        if norm:
            modules.append({"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}[norm](units))
            nn.init.normal_(modules[-1].weight, 1.0, 0.3)
            nn.init.normal_(modules[-1].bias, 0.0, 0.3)
        modules.append(nn.Tanh())
    modules.append(nn.Linear(SIZES[-2], SIZES[-1]))
    net = nn.Sequential(*modules)
    keep = lambda module, inputs, output: (output.retain_grad(), signals.append(output))[0]
    for module in modules:
        if isinstance(module, nn.Linear):
            module.register_forward_hook(keep)
    return net, signals


cases = []
torch.manual_seed(19)
for norm in [None, "batch", "layer"]:
    net, signals = network(norm)
    x, y = torch.randn(BATCH, SIZES[0]), torch.randn(BATCH, SIZES[-1])
    name = f"{norm or 'plain'}.safetensors"
    save(HERE / name, net.state_dict())
    loss = 0.5 * ((net(x) - y) ** 2).sum(1).mean()
    loss.backward()
    # The lab's δ is of the sum of the losses.
    norms = [(BATCH * z.grad).pow(2).sum(1).mean().sqrt().item() for z in signals]
    lines = [
        "[architecture]", f"input = {SIZES[0]}", f"hidden = {SIZES[1:-1]}", f"output = {SIZES[-1]}",
        f"batch = {BATCH}", "[data]", f"x = {x.tolist()}", f"y = {y.tolist()}",
        "[[variant]]", 'activation = "tanh"', 'output_activation = "linear"',
        f'weights = {{ file = "{name}" }}',
    ]
    if norm:
        lines.append(f'normalization = "{norm}"')
    cases.append({"experiment": "\n".join(lines), "loss": loss.item(), "delta_norms": norms})
(HERE / "state_dicts.json").write_text(json.dumps(cases, indent=1))
