"""JAX on the CPU, jitted, float32: weights stay on its device, systems come from numpy and answers go back to it."""

import os

import peers

# XLA takes every core that the process may run on.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: peers.THREADS])
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'true' if peers.THREADS > 1 else 'false'}"

try:
    import jax
    import jax.numpy as jnp
    import numpy as np
except ImportError as cause:
    peers.fail(f"{cause}: pip install jax")

jax.config.update("jax_default_matmul_precision", "float32")


def resident(job):
    A, B = (jax.device_put(peers.operand(job, name)) for name in "AB")
    f = jax.jit(jnp.matmul)
    return lambda: f(A, B).block_until_ready(), lambda: np.asarray(f(A, B))


def systems(f):
    def prepare(job):
        A, b = peers.operand(job, "A"), peers.operand(job, "b")
        run = jax.jit(f)
        call = lambda: np.asarray(run(A, b))
        return call, call

    return prepare


def solve(A, b):
    return jnp.linalg.solve(A, b[..., None])


def cholesky(A, b):
    L = jnp.linalg.cholesky(A)
    y = jax.scipy.linalg.solve_triangular(L, b[..., None], lower=True)
    return jax.scipy.linalg.solve_triangular(L, y, lower=True, trans=1)


def gram(A, b):
    return A @ A.transpose(0, 2, 1)


DATA = ("A", "b", "target")
RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8


def forward(sizes):
    tokens, width, heads = sizes["tokens"], sizes["width"], sizes["heads"]

    def run(w, A, b):
        batch = A.shape[0]

        def affine(x, name):
            return x @ w[f"{name}.W"] + w[f"{name}.b"]

        def norm(x, name):
            return jax.nn.standardize(x, epsilon=1e-5) * w[f"{name}.gain"] + w[f"{name}.bias"]

        def split(x):
            return x.reshape(batch, tokens, heads, width // heads)

        h = affine(jnp.concatenate([A.transpose(0, 2, 1), b[..., None]], -1), "in") + w["positions"]
        for k in range(sizes["blocks"]):
            n1 = norm(h, f"{k}.norm1")
            q, key, v = (split(affine(n1, f"{k}.{name}")) for name in "qkv")
            a = jax.nn.dot_product_attention(q, key, v).reshape(batch, tokens, width)
            h = h + affine(a, f"{k}.o")
            h = h + affine(jax.nn.gelu(affine(norm(h, f"{k}.norm2"), f"{k}.up"), approximate=True), f"{k}.down")
        return affine(norm(h, "norm"), "out")[..., 0]

    return run


def weights(job):
    return {name: jax.device_put(peers.operand(job, name)) for name in job["arrays"] if name not in DATA}


def transformer(job):
    w, f = weights(job), jax.jit(forward(job["sizes"]))
    A, b = peers.operand(job, "A"), peers.operand(job, "b")
    call = lambda: np.asarray(f(w, A, b))
    return call, call


def training(job):
    f = forward(job["sizes"])
    A, b, target = (peers.operand(job, name) for name in DATA)

    def step(w, m, v, t, A, b, target):
        loss, g = jax.value_and_grad(lambda w: jnp.mean((f(w, A, b) - target) ** 2))(w)
        t = t + 1
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, g)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, g)
        change = lambda w, m, v: w - RATE * (m / (1 - BETA1**t)) / (jnp.sqrt(v / (1 - BETA2**t)) + EPSILON)
        return loss, jax.tree.map(change, w, m, v), m, v, t

    run = jax.jit(step, donate_argnums=(0, 1, 2))
    w = weights(job)
    zeros = lambda: jax.tree.map(jnp.zeros_like, w)
    state = [w, zeros(), zeros(), jnp.float32(0)]

    def call():
        loss, *state[:] = run(*state, A, b, target)
        return float(loss)

    return call, lambda: [call(), call(), call()]


peers.serve(
    jax.__version__,
    f"XLA on the CPU, jit, {peers.THREADS} core",
    {
        ("contraction", "resident"): ("C", resident),
        ("systems", "solve"): ("x", systems(solve)),
        ("systems", "Cholesky"): ("x", systems(cholesky)),
        ("systems", "A A^T"): ("A A^T", systems(gram)),
        ("transformer", "forward"): ("x", transformer),
        ("training", "step"): ("losses", training),
    },
)
