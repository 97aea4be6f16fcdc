# Writes activations.json: values and derivatives of activations as PyTorch computes them in
# double precision. PyTorch's softplus is z itself from z = 20 on; threshold = 1e9 switches that off.
# Run as: python -P tests/data/activations.py
import json, math, torch
import torch.nn.functional as F
CASES = [('linear', None, lambda z: z), ('sigmoid', None, torch.sigmoid), ('tanh', None, torch.tanh),
         ('relu', None, F.relu), ('leaky_relu', 0.01, F.leaky_relu),
         ('leaky_relu', 0.2, lambda z: F.leaky_relu(z, 0.2)), ('selu', None, F.selu),
         ('gelu', None, F.gelu), ('silu', None, F.silu), ('elu', 1.0, F.elu),
         ('elu', 2.5, lambda z: F.elu(z, 2.5)), ('elu', 0.3, lambda z: F.elu(z, 0.3)),
         ('softplus', None, lambda z: F.softplus(z, threshold=1e9)),
         ('sine', 1.0, torch.sin), ('sine', 30.0, lambda z: torch.sin(30*z))]
POINTS = [-700.0, -40.0, -20.0, -7.5, -3.0, -1.3, -0.75, -0.2, -1e-3, -1e-9, 0.0, 1e-9, 1e-3, 0.1,
          0.5, 0.9, 1.7, 4.0, 9.0, 19.0, 21.0, 40.0, 500.0]
rows = []
for kind, parameter, f in CASES:
    z = torch.tensor(POINTS, dtype=torch.float64, requires_grad=True)
    a = f(z)
    a.sum().backward()
    rows.append({'kind': kind, 'parameter': parameter, 'value': a.tolist(), 'derivative': z.grad.tolist()})
out = {'torch': torch.__version__.split('+')[0], 'z': POINTS, 'rows': rows}
import os
json.dump(out, open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'activations.json'), 'w'))
