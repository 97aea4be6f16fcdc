# Writes loss_scale.json: what training in float16 with PyTorch on the CPU sees of 40 networks, with
# every loss scale that float16 holds with all its digits, 2^-14 … 2^15.
#
# Half precision everywhere: weights, data, activations, loss, loss scale and gradients; autograd goes
# back from the scaled mean loss. A matmul sums in float32 and rounds once. An entry is flushed if it
# is 0 while the one of the same network in float64 is not. Where a ReLU is off in float16 and on in
# float64 (z rounded across 0), the row and column that this alone makes 0 are not counted.
#
# Networks are drawn until 40 have a scale with which under 1 % of the entries of ∂W, δ and ∂b of
# every layer are flushed and nothing overflows.
# Run as: python -P tests/data/loss_scale.py path/to/gradient-lab > tests/data/loss_scale.json
# Recorded with PyTorch 2.15.0.
import json, random, subprocess, sys, tempfile, torch
import numpy as np
import torch.nn.functional as F
from safetensors.numpy import load_file
lab = sys.argv[1]; torch.set_num_threads(1)
POWERS = range(-14, 16)
ACT = {'linear': lambda z: z, 'sigmoid': torch.sigmoid, 'tanh': torch.tanh, 'relu': torch.relu,
       'leaky_relu': lambda z: F.leaky_relu(z, .01), 'selu': F.selu, 'gelu': F.gelu, 'silu': F.silu}
def draw(number):
    r = random.Random(number); log = lambda lo, hi: lo*(hi/lo)**r.random()
    loss = r.choice(['mse', 'mse', 'bce', 'softmax_ce']); act = r.choice(list(ACT))
    depth, width, batch = int(log(1, 11)), int(log(8, 65)), int(log(1, 1025))
    if r.random() < .2: batch = 1024
    gain = log(.2, 3)
    if r.random() < .4: # where δ grows
        act, loss, depth = r.choice(['linear', 'relu', 'leaky_relu', 'selu', 'gelu']), 'mse', r.randint(2, 8)
        gain, batch = log(1.5, 3), int(log(1, 65))
    scheme = r.choice(['xavier_normal', 'he_normal', 'lecun_normal', 'he_uniform', 'orthogonal'])
    bias = r.choice(['', "bias = { scheme = 'normal', std = 0.1 }\n"])
    return act, loss, f"""seed = {number}
draws = 'layered'
[architecture]
input = {int(log(4, 40))}
depth = {depth}
width = {width}
output = {r.randint(2, 8)}
loss = '{loss}'
batch = {batch}
[[variant]]
name = 'a'
activation = '{act}'
init = {{ scheme = '{scheme}', gain = {gain:.3f} }}
{bias}"""
def network(act, loss, toml):
    with tempfile.NamedTemporaryFile(suffix='.safetensors') as file:
        subprocess.run([lab, 'run', '-', '--weights', file.name], input=toml.encode(), check=True,
                       stdout=subprocess.DEVNULL)
        t = load_file(file.name)
    layers = len(t)//2 - 1
    return ([t[f'a.{l}.weight'] for l in range(1, layers + 1)], [t[f'a.{l}.bias'] for l in range(1, layers + 1)],
            t['x'], t['y'], act, loss)
def gradients(net, kind, power=0):
    W, b, x, y, act, loss = net
    st = lambda m: torch.from_numpy(np.asarray(m, np.float64).astype(kind)).contiguous()
    W = [st(m).requires_grad_() for m in W]; b = [st(m).requires_grad_() for m in b]; y = st(y)
    a, Z, A = st(x), [], [st(x)]
    for l, (w, c) in enumerate(zip(W, b)):
        z = F.linear(a, w, c); z.retain_grad(); Z.append(z)
        last = l == len(W) - 1
        a = z if last and loss != 'mse' else ACT[act](z); A.append(a.detach())
    if loss == 'mse': each = 0.5*(a - y).pow(2).sum(1)
    elif loss == 'bce': each = F.binary_cross_entropy_with_logits(a, y, reduction='none').sum(1)
    else: each = -(F.log_softmax(a, 1)*y).sum(1)
    (each.mean()*torch.tensor(2.0**power, dtype=y.dtype)).backward()
    return [z.grad for z in Z], [w.grad for w in W], [c.grad for c in b], A, [z.detach() for z in Z]
def judge(net, exact, power):
    act, loss = net[4:]
    D, G, B, A, Z = gradients(net, np.float16, power); D64, G64, B64, A64, Z64 = exact
    off = [torch.zeros_like(D64[0][:, :0])]
    for l, z in enumerate(Z):
        relu = act == 'relu' and not (l == len(Z) - 1 and loss != 'mse')
        off.append((z < 0) & (Z64[l] > 0) if relu else torch.zeros_like(z, dtype=torch.bool))
    off[0] = torch.zeros_like(A64[0], dtype=torch.bool)
    alone = lambda off, counts: (counts.any(0) & ~(counts & ~off).any(0))
    def share(entries, exact, counted):
        of = (exact != 0) & counted
        return float(((entries == 0) & of).sum())/max(1, int(of.sum()))
    shares = [[], [], []]
    for l in range(len(Z)):
        rows, columns = alone(off[l+1], D64[l] != 0), alone(off[l], A64[l] != 0)
        shares[0].append(share(D[l], D64[l], ~off[l+1]))
        shares[1].append(share(G[l], G64[l], ~rows[:, None] & ~columns[None, :]))
        shares[2].append(share(B[l], B64[l], ~rows))
    finite = all(bool(torch.isfinite(t).all()) for t in D + G + B)
    return [max(s) for s in shares], not finite
cases, number = [], 0
while len(cases) < 40:
    number += 1
    act, loss, toml = draw(number); net = network(act, loss, toml)
    exact = gradients(net, np.float64)
    if not all(bool(torch.isfinite(t).all()) for t in gradients(net, np.float16)[3]): continue
    table = [judge(net, exact, power) for power in POWERS]
    if not any(max(shares) < .01 and not overflow for shares, overflow in table): continue
    digits = lambda of: [float(f'{shares[of]:.4g}') for shares, _ in table]
    cases.append(dict(toml=toml, delta=digits(0), weight=digits(1), bias=digits(2),
                      overflow=[int(overflow) for _, overflow in table]))
    print(number, act, loss, file=sys.stderr)
print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")
