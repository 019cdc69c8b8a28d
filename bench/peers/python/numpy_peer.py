"""numpy (and scipy's Cholesky where it is there): float32, LAPACK and BLAS of the wheel, threads set by the environment."""

import peers

try:
    import numpy as np
except ImportError as cause:
    peers.fail(f"{cause}: pip install numpy")


def kernel():
    """The BLAS, its kernel and threads as threadpoolctl finds them in this process."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "kernel unknown: pip install threadpoolctl"
    found = [f"{i['internal_api']} {i.get('architecture', '?')}, {i['num_threads']} thread" for i in threadpool_info()]
    return "; ".join(dict.fromkeys(found)) or "no BLAS found"


def both(f):
    return f, f


def contraction(job):
    A, B = peers.operand(job, "A"), peers.operand(job, "B")
    return both(lambda: A @ B)


def systems(f):
    def prepare(job):
        A, b = peers.operand(job, "A"), peers.operand(job, "b")
        return both(lambda: f(A, b))

    return prepare


def solve(A, b):
    return np.linalg.solve(A, b[..., None])


def gram(A, _):
    return A @ A.transpose(0, 2, 1)


def iterate(A, b, k=18):
    """k conjugate gradient iterations on all systems at once; 18 are as accurate as the three-layer network."""
    x = np.zeros_like(b)
    r = p = b
    rr = np.einsum("si,si->s", r, r)
    for _ in range(k):
        w = (A @ p[..., None])[..., 0]
        alpha = (rr / np.einsum("si,si->s", p, w))[:, None]
        x = x + alpha * p
        r = r - alpha * w
        following = np.einsum("si,si->s", r, r)
        p = r + (following / rr)[:, None] * p
        rr = following
    return x


methods = {
    ("contraction", "matmul"): ("C", contraction),
    ("systems", "solve"): ("x", systems(solve)),
    ("systems", "A A^T"): ("A A^T", systems(gram)),
    ("systems", "CG, 18 iterations"): ("x", systems(iterate)),
}

try:
    from scipy.linalg import cho_factor, cho_solve
except ImportError:
    pass
else:

    def factorise(A, b):
        x = np.empty_like(b)
        for s in range(len(A)):
            x[s] = cho_solve(cho_factor(A[s], check_finite=False), b[s], check_finite=False)
        return x

    methods[("systems", "scipy Cholesky")] = ("x", systems(factorise))

peers.serve(np.__version__, kernel(), methods)
