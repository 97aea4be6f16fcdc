# Writes numpy.json: the stream and the passes of tests/numpy.rs in plain NumPy.
import json, numpy as np
sig = lambda z: 1/(1+np.exp(-z))
ACT = {'sigmoid': (sig, lambda z: sig(z)*(1-sig(z))), 'tanh': (np.tanh, lambda z: 1-np.tanh(z)**2),
       'relu': (lambda z: np.maximum(z,0), lambda z: (z>0)*1.0)}
def case(seed, sizes, act, init, bias, batch, toml_init, toml_bias):
    r = np.random.RandomState(seed); W=[]; b=[]
    for m, n in zip(sizes, sizes[1:]):
        W.append(init(r, n, m)); b.append(bias(r, n, m))
    x = r.randn(sizes[0], batch); y = r.randn(sizes[-1], batch)
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
xavier = lambda r,n,m: r.randn(n,m)*np.sqrt(2/(n+m))
he = lambda r,n,m: r.randn(n,m)*np.sqrt(2/m)
xu = lambda r,n,m: (2*r.random_sample((n,m))-1)*np.sqrt(6/(n+m))
torch = lambda r,n,m: (2*r.random_sample((n,m))-1)/np.sqrt(m)
none = lambda r,n,m: np.zeros(n)
nb = lambda r,n,m: r.randn(n)*.5
tb = lambda r,n,m: (2*r.random_sample(n)-1)/np.sqrt(m)
cb = lambda r,n,m: np.full(n,.25)
X="{ scheme = 'xavier_normal' }"; H="{ scheme = 'he_normal' }"; Z="{ scheme = 'zeros' }"
cases=[case(0,[10,20,20,20,1],'sigmoid',xavier,none,1,X,Z),
 case(1,[10,20,20,20,20,20,3],'tanh',xavier,none,1,X,Z),
 case(7,[6,17,9,33,2],'relu',he,none,1,H,Z),
 case(123456789,[3,5,4],'tanh',xu,none,1,"{ scheme = 'xavier_uniform' }",Z),
 case(4294967295,[8,16,16,4],'sigmoid',xavier,nb,1,X,"{ scheme = 'normal', std = 0.5 }"),
 case(2024,[5,12,7,3],'tanh',torch,tb,1,"{ scheme = 'torch_default' }","{ scheme = 'torch_default' }"),
 case(99,[4,8,8,2],'sigmoid',he,cb,1,H,"{ scheme = 'constant', value = 0.25 }"),
 case(5,[7,11,13,3],'tanh',xavier,nb,6,X,"{ scheme = 'normal', std = 0.5 }"),
 case(6,[40,30,20],'relu',he,none,33,H,Z)]
# one case a line, so that a change shows in a diff
print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")
