# Writes numpy.json: the stream and the passes of tests/numpy.rs in plain NumPy. Run it as
#   python3 - < numpy.py > numpy.json
# for under its own name NumPy would find this file in place of itself.
import json, numpy as np
sig = lambda z: 1/(1+np.exp(-z))
ACT = {'sigmoid': (sig, lambda z: sig(z)*(1-sig(z))), 'tanh': (np.tanh, lambda z: 1-np.tanh(z)**2),
       'relu': (lambda z: np.maximum(z,0), lambda z: (z>0)*1.0)}
def truncated(r, n):
    """n standard normals one by one, without those beyond 2 in magnitude"""
    kept = []
    while len(kept) < n:
        z = r.randn()
        if abs(z) <= 2: kept.append(z)
    return np.array(kept)
def orthogonal(M):
    q, R = np.linalg.qr(M if M.shape[0] >= M.shape[1] else M.T)
    q = q*np.where(np.diag(R) < 0, -1, 1)
    return q if M.shape[0] >= M.shape[1] else q.T
def units(seed, sizes, batch):
    """every array by its law: the order of the stream, the same for all variants of an architecture"""
    pairs = list(zip(sizes, sizes[1:])); W = {}; b = {}; r = np.random.RandomState(seed)
    W['normal'] = [r.randn(n, m) for m, n in pairs]
    x = r.randn(sizes[0], batch); y = r.randn(sizes[-1], batch)
    b['normal'] = [r.randn(n) for m, n in pairs]
    b['uniform'] = [2*r.random_sample(n)-1 for m, n in pairs]
    b['truncated'] = [truncated(r, n) for m, n in pairs]
    W['truncated'] = [truncated(r, n*m).reshape(n, m) for m, n in pairs]
    W['orthogonal'] = [orthogonal(M) for M in W['normal']]
    r = np.random.RandomState(seed)
    W['uniform'] = [2*r.random_sample((n, m))-1 for m, n in pairs]
    W['ones'] = [np.ones((n, m)) for m, n in pairs]; b['ones'] = [np.ones(n) for m, n in pairs]
    return W, b, x, y
def case(seed, sizes, act, init, bias, batch, toml_init, toml_bias):
    W, b, x, y = units(seed, sizes, batch)
    scaled = lambda of, spec: [spec[1](n, m)*u for u, (m, n) in zip(of[spec[0]], zip(sizes, sizes[1:]))]
    W, b = scaled(W, init), scaled(b, bias)
    f, d = ACT[act]; a=[x]; z=[]
    for Wl, bl in zip(W, b):
        z.append(Wl@a[-1] + bl[:,None]); a.append(f(z[-1]))
    D=[(a[-1]-y)*d(z[-1])]
    for l in range(len(W)-2, -1, -1): D.insert(0, (W[l+1].T@D[0])*d(z[l]))
    rms = lambda M: float(np.sqrt((M**2).sum(0).mean()))
    return dict(seed=seed, sizes=sizes, activation=act, init=toml_init, bias=toml_bias, batch=batch,
      loss=float(.5*((a[-1]-y)**2).sum(0).mean()), delta=[rms(M) for M in D],
      weight_grad=[float(np.linalg.norm(M@p.T/batch)) for M,p in zip(D,a)],
      bias_grad=[float(np.linalg.norm(M.mean(1))) for M in D],
      activation_mean=[float(p.mean()) for p in a[1:]], activation_std=[float(p.std()) for p in a[1:]],
      preactivation_std=[float(p.std()) for p in z])
CUT = 0.87962566103423978
xavier = ('normal', lambda n,m: np.sqrt(2/(n+m)))
he = ('normal', lambda n,m: np.sqrt(2/m))
xu = ('uniform', lambda n,m: np.sqrt(6/(n+m)))
torch = ('uniform', lambda n,m: 1/np.sqrt(m))
keras = ('truncated', lambda n,m: np.sqrt(2/(n+m))/CUT)
ortho = ('orthogonal', lambda n,m: 1.3)
half = ('ones', lambda n,m: .5)
none = ('ones', lambda n,m: 0.)
nb = ('normal', lambda n,m: .5)
tb = torch
kb = ('truncated', lambda n,m: .5/CUT)
cb = ('ones', lambda n,m: .25)
X="{ scheme = 'xavier_normal' }"; H="{ scheme = 'he_normal' }"; Z="{ scheme = 'zeros' }"
WEIGHTS = [(xavier,X),(xu,"{ scheme = 'xavier_uniform' }"),(keras,"{ scheme = 'xavier_normal', truncated = true }"),
  (ortho,"{ scheme = 'orthogonal', gain = 1.3 }"),(half,"{ scheme = 'constant', value = 0.5 }")]
BIASES = [(none,Z),(nb,"{ scheme = 'normal', std = 0.5 }"),(tb,"{ scheme = 'torch_default' }"),
  (kb,"{ scheme = 'normal', std = 0.5, truncated = true }"),(cb,"{ scheme = 'constant', value = 0.25 }")]
cases=[case(0,[10,20,20,20,1],'sigmoid',xavier,none,1,X,Z),
 case(1,[10,20,20,20,20,20,3],'tanh',xavier,none,1,X,Z),
 case(7,[6,17,9,33,2],'relu',he,none,1,H,Z),
 case(123456789,[3,5,4],'tanh',xu,none,1,"{ scheme = 'xavier_uniform' }",Z),
 case(4294967295,[8,16,16,4],'sigmoid',xavier,nb,1,X,"{ scheme = 'normal', std = 0.5 }"),
 case(2024,[5,12,7,3],'tanh',torch,tb,1,"{ scheme = 'torch_default' }","{ scheme = 'torch_default' }"),
 case(99,[4,8,8,2],'sigmoid',he,cb,1,H,"{ scheme = 'constant', value = 0.25 }"),
 case(5,[7,11,13,3],'tanh',xavier,nb,6,X,"{ scheme = 'normal', std = 0.5 }"),
 case(6,[40,30,20],'relu',he,none,33,H,Z),
 # one architecture and seed, each law of the weights beside each of the biases
 *[case(42,[4,7,6,3],'tanh',w,b,2,tw,tb) for w,tw in WEIGHTS for b,tb in BIASES]]
# one case a line, so that a change shows in a diff
print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")
