"""Printed programs against jax.grad of their own forward pass: a line of JSON for every model, size and precision.

Cotangents are judged parameter by parameter: the largest difference is a part of that parameter's largest entry. A gradient that
vanishes, as that of a softmax's key biases does, is what rounding leaves of terms that cancel, in JAX's as in ours; so nothing
below eight roundings of the largest entry of the whole gradient is asked for.

Usage: python oracle.py CASES.json, which holds programs by name and cases (program, n, arrays, the answers expected).
"""
import json
import sys
import time
import types

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update('jax_enable_x64', True)


def loaded(name, text):
    module = types.ModuleType(name)
    exec(compile(text, f'{name}.py', 'exec'), module.__dict__)
    return module


def error(got, want, least=0.0):
    """The largest difference, as a part of the largest entry; nan and infinity count as infinite."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    if got.shape != want.shape or not np.all(np.isfinite(got)):
        return float('inf')
    scale = max(np.max(np.abs(want), initial=0.0), least)
    return float(np.max(np.abs(got - want), initial=0.0) / scale) if scale > 0 else float(np.max(np.abs(got), initial=0.0))


# What is asked of cotangents, and the unit of rounding.
BOUNDS = {'float64': (1e-10, 2.0**-53), 'float32': (1e-5, 2.0**-24)}


def worst(some, other, dtype):
    """The largest error of a parameter's cotangent, whose it is, and which parameters rounding alone lets pass."""
    bound, unit = BOUNDS[dtype]
    largest = max((float(np.max(np.abs(a), initial=0.0)) for a in other.values()), default=0.0)
    found = max(((error(some[k], other[k], 8 * unit / bound * largest), k) for k in other), default=(0.0, ''))
    return *found, sorted(k for k in other if error(some[k], other[k]) > bound)


def options():
    """Code that runs once need not be fast: without fusion it is compiled in a third of the time, where XLA knows the option."""
    without = {'xla_cpu_use_fusion_emitters': False}
    try:
        jax.jit(lambda x: x + 1).lower(1.0).compile(compiler_options=without)
    except Exception:
        return {}
    return without


OPTIONS = options()


def run(f, *args):
    return jax.jit(f).lower(*args).compile(compiler_options=OPTIONS)(*args)


def judge(module, case, dtype):
    p = {name: jnp.asarray(np.array(a['data'], dtype).reshape(a['shape'])) for name, a in case['parameters'].items()}
    A, b, dx, x = (jnp.asarray(np.array(case[k]['data'], dtype).reshape(case[k]['shape'])) for k in ('A', 'b', 'dx', 'x'))

    # Systems are arguments: XLA would work out by itself, and slowly, what depends on constants alone.
    def both(p, A, b, dx):
        v = module.forward(p, A, b)
        _, pull = jax.vjp(lambda q: module.forward(q, A, b).x, p)
        return v.x, module.vjp(p, A, b, v, dx), pull(dx)[0]

    # What the loss has in common with the above is compiled once.
    def losses(p, A, b, dx):
        loss = lambda q: jnp.mean((module.forward(q, A, b).x - dx) ** 2)
        return both(p, A, b, dx), module.gradient(p, A, b, dx), jax.value_and_grad(loss)(p)

    with_loss = dtype == 'float64' and case['loss']
    (answer, got, want), *of_loss = run(losses, p, A, b, dx) if with_loss else [run(both, p, A, b, dx)]
    vjp, where, floored = worst(got, want, dtype)
    kinds = sorted({str(a.dtype) for a in [answer, *got.values()]})
    row = {'forward': error(answer, x), 'vjp': vjp, 'where': where, 'floored': floored, 'names': set(got) == set(p), 'dtypes': kinds}
    if with_loss:
        (loss, slopes), (value, grad) = of_loss
        gradient, at, _ = worst(slopes, grad, dtype)
        row.update({'loss': error(loss, value), 'gradient': gradient, 'at': at})
    return row


def main():
    with open(sys.argv[1]) as file:
        given = json.load(file)
    modules = {name: loaded(name, text) for name, text in given['programs'].items()}
    for case in given['cases']:
        for dtype in ('float64', 'float32'):
            start = time.time()
            row = {'model': case['model'], 'n': case['n'], 'dtype': dtype}
            print(json.dumps({**row, **judge(modules[case['program']], case, dtype), 'seconds': round(time.time() - start, 2)}), flush=True)


if __name__ == '__main__':
    main()
