# Writes float16.json: the passes of tests/float16.rs as NumPy's float16 computes them, and as
# bfloat16 does. Every result is rounded, products are float32, the mean loss is scaled; slopes of
# sigmoid and tanh are those of the stored a, as in PyTorch. loss_scale.py does the same there.
# Run as: python -P tests/data/float16.py (numpy.py beside it would be taken for NumPy).
import json, numpy as np
np.seterr(all='ignore')
f32 = np.float32
def fp16(x): return np.asarray(x).astype(np.float16).astype(f32)
def bf16(x):
    # NumPy has no bfloat16: whole multiples of the last place, ties to even.
    x = np.asarray(x, np.float64); e = np.frexp(x)[1] - 1
    q = np.ldexp(1.0, np.maximum(np.where(np.isfinite(x), e, 0), -126) - 7)
    r = np.rint(x/q)*q; r = np.where(np.abs(r) >= 2.0**128, np.copysign(np.inf, x), r)
    return np.where(np.isfinite(x), r, x).astype(f32)
sig = lambda z: 1/(1+np.exp(-z))
# in double precision, then to float32: what an exact float32 routine gives
ACT = {'sigmoid': (sig, lambda z, a: (f32(1)-a)*a), 'tanh': (np.tanh, lambda z, a: f32(1)-a*a),
       'relu': (lambda z: np.where(z>0, z, np.where(np.isnan(z), z, 0)),
                lambda z, a: np.where(np.isnan(z), z, (z>0)*f32(1)))}
def case(seed, sizes, act, toml_init, init, batch, form, power):
    r = np.random.RandomState(seed)
    W = [init(r, n, m) for m, n in zip(sizes, sizes[1:])]
    x = r.randn(sizes[0], batch); y = r.randn(sizes[-1], batch)
    st = {'fp16': fp16, 'bf16': bf16}[form]
    W, x, y = [st(M) for M in W], st(x), st(y)
    f, d = ACT[act]; a = [x]; s = []
    for M in W:
        z = st(M@a[-1])
        a.append(st(f(z.astype(np.float64)).astype(f32))); s.append(d(z, a[-1]).astype(f32))
    # ReLU picks 0 where its slope is, whatever comes.
    times = lambda u, s: st(np.where((act == 'relu') & (s == 0), 0, u*s))
    D = [times(st(st(a[-1]-y)*(2*st(st(st(2.0**power)/batch)/2))), s[-1])]
    for l in range(len(W)-2, -1, -1): D.insert(0, times(st(W[l+1].T@D[0]), s[l]))
    G = [st(M@v.T) for M, v in zip(D, a)]; B = [st(M.sum(1, dtype=f32)) for M in D]
    def plain(M):
        p = st(np.sqrt(st(st(M*M).sum(0, dtype=f32))))
        return float(np.sqrt((p.astype(np.float64)**2).mean()))
    def norm(M):
        n = float(np.sqrt(((M.astype(np.float64)*batch/2.0**power)**2).sum(0).mean()))
        return n if np.isfinite(n) else None
    def whole(M):
        n = float(np.sqrt(((M.astype(np.float64)/2.0**power)**2).sum()))
        return n if np.isfinite(n) else None
    finite = lambda v: v if np.isfinite(v) else None
    return dict(seed=seed, sizes=sizes, activation=act, init=toml_init, batch=batch, format=form,
      power=power, norm=[norm(M) for M in D], plain_norm=[finite(plain(M)) for M in D],
      zeros=[int((M == 0).sum()) for M in D], weight_zeros=[int((M == 0).sum()) for M in G],
      weight_norm=[whole(M) for M in G], bias_norm=[whole(M) for M in B],
      not_finite=[int((~np.isfinite(M)).sum()) for M in D])
xavier = lambda r,n,m: r.randn(n,m)*np.sqrt(2/(n+m))
he = lambda r,n,m: r.randn(n,m)*np.sqrt(2/m)
wild = lambda r,n,m: r.randn(n,m)*(8*np.sqrt(2/m))
X = "{ scheme = 'xavier_normal' }"; H = "{ scheme = 'he_normal' }"
G = "{ scheme = 'he_normal', gain = 11.313708498984761 }"
cases = [case(42, [10]+[20]*5+[1], 'sigmoid', X, xavier, 1, 'fp16', 0),
 case(3, [10]+[20]*16+[1], 'sigmoid', X, xavier, 1, 'fp16', 0),
 case(3, [10]+[20]*16+[1], 'sigmoid', X, xavier, 1, 'fp16', 13),
 case(3, [10]+[20]*16+[1], 'sigmoid', X, xavier, 1, 'bf16', 0),
 case(5, [10]+[20]*80+[1], 'sigmoid', X, xavier, 1, 'bf16', 0),
 case(5, [10]+[20]*80+[1], 'sigmoid', X, xavier, 1, 'bf16', 60),
 case(7, [6, 17, 9, 33, 2], 'relu', H, he, 5, 'fp16', 4),
 case(9, [8]+[30]*10+[3], 'tanh', X, xavier, 4, 'bf16', -3),
 case(13, [10]+[20]*12+[2], 'relu', G, wild, 2, 'fp16', 0),
 case(13, [10]+[20]*12+[2], 'relu', G, wild, 2, 'bf16', 0)]
print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")
