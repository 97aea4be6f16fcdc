"""The same 40 examples of three inputs and a label as NumPy saves them in several ways, and a file of
Python objects. x[i, j] = (7 i mod 11) / 4 - j and y[i] = i mod 2.

    python make.py
"""

import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent
i, j = np.ogrid[:40, :3]
x, y = (7 * i % 11) / 4 - j, np.arange(40) % 2

np.savez(HERE / "plain.npz", X=x, y=y)
np.savez_compressed(HERE / "compressed.npz", note=np.array("by name"), y=y == 1, x=x.astype(np.float32))
np.savez(HERE / "in_order.npz", np.asfortranarray(x), y[:, None].astype(">i4"), np.zeros(3))
np.savez(HERE / "objects.npz", X=np.array([[1, None], [2, "a"]], dtype=object), y=y[:2])
