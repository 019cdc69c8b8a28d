/** What stands at the head of a printed program: imports, and the few functions that its lines use beside numpy's own. */

export const imports = `import math
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np`

export const helpers = `# What the operands of matrix products are rounded to before they are multiplied; None leaves them as they are.
PRODUCTS = None


def contract(spec, left, right):
    """A matrix product, added up in the precision of its operands whatever they are rounded to."""
    wide = jnp.result_type(left, right)
    if PRODUCTS is not None:
        left, right = left.astype(PRODUCTS), right.astype(PRODUCTS)
    return jnp.einsum(spec, left, right, precision='highest', preferred_element_type=wide)


def einsum(spec, *operands):
    """Any other sum of products."""
    return jnp.einsum(spec, *operands, precision='highest')


def take(array, axis, places):
    """Entries at these places of an axis, held to the axis: what a condition hides may be asked for beyond its ends."""
    return jnp.take(array, np.clip(places, 0, array.shape[axis] - 1), axis=axis)`
