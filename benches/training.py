#!/usr/bin/env python3
"""PyTorch's steps of the networks of benches/training.rs: microseconds a step, f32, one thread.

    python3 benches/training.py
"""

import time

import torch
from torch import nn

WORKLOADS = {
    "T1": ([2] + [8] * 6 + [1], 10, nn.Tanh, "mse"),
    "T2": ([64] + [128] * 20 + [10], 64, nn.ReLU, "softmax_ce"),
    "T3": ([64] + [512] * 8 + [10], 256, nn.ReLU, "softmax_ce"),
    "T4": ([784, 300, 100, 10], 32, nn.Sigmoid, "softmax_ce"),
}
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, 1e-4),
    "momentum": lambda p: torch.optim.SGD(p, 1e-4, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, 1e-4),
}


def step_micros(sizes, batch, activation, loss, optimizer):
    modules = []
    for inputs, units in zip(sizes, sizes[1:]):
        modules += [nn.Linear(inputs, units), activation()]
    net = nn.Sequential(*modules[:-1], *([activation()] if loss == "mse" else []))
    optimizer = optimizer(net.parameters())
    x = torch.randn(batch, sizes[0])
    y = torch.randn(batch, sizes[-1]) if loss == "mse" else torch.randint(sizes[-1], (batch,))
    of = nn.MSELoss() if loss == "mse" else nn.CrossEntropyLoss()
    steps = 200 if len(sizes) < 10 and batch < 100 else 30

    def run():
        start = time.perf_counter()
        for _ in range(steps):
            optimizer.zero_grad()
            of(net(x), y).backward()
            optimizer.step()
        return (time.perf_counter() - start) * 1e6 / steps

    run()
    return min(run() for _ in range(5))


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, workload in WORKLOADS.items():
        for optimizer, make in OPTIMIZERS.items():
            print(f"{name}/{optimizer}/1 {step_micros(*workload, make):.1f}", flush=True)
