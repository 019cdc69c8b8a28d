"""Printed programs against jax.grad of their own forward pass: a line of JSON for every model, size and precision.

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


def worst(some, other, share):
    """The parameter whose cotangent is furthest off. One that nearly vanishes, as what cancels in it leaves but rounding, is
    judged by this share of the largest."""
    largest = max((float(np.max(np.abs(a), initial=0.0)) for a in other.values()), default=0.0)
    return max(((error(some[k], other[k], share * largest), k) for k in other), default=(0.0, ''))


def judge(module, case, dtype):
    p = {name: jnp.asarray(np.array(a['data'], dtype).reshape(a['shape'])) for name, a in case['parameters'].items()}
    A, b, dx, x = (jnp.asarray(np.array(case[k]['data'], dtype).reshape(case[k]['shape'])) for k in ('A', 'b', 'dx', 'x'))

    def both(p):
        v = module.forward(p, A, b)
        _, pull = jax.vjp(lambda q: module.forward(q, A, b).x, p)
        return v.x, module.vjp(p, A, b, v, dx), pull(dx)[0]

    def losses(p):
        loss = lambda q: jnp.mean((module.forward(q, A, b).x - dx) ** 2)
        return module.gradient(p, A, b, dx), jax.value_and_grad(loss)(p)

    answer, got, want = jax.jit(both)(p)
    vjp, where = worst(got, want, 1e-3 if dtype == 'float64' else 1.0)
    kinds = sorted({str(a.dtype) for a in [answer, *got.values()]})
    row = {'forward': error(answer, x), 'vjp': vjp, 'where': where, 'names': set(got) == set(p), 'dtypes': kinds}
    if dtype == 'float64' and case['loss']:
        (loss, slopes), (value, grad) = jax.jit(losses)(p)
        gradient, at = worst(slopes, grad, 1e-3)
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
