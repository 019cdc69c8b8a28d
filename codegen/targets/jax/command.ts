/** The part of a printed program that reads its command line. */

export const command = `def main():
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = os.path.dirname(os.path.abspath(__file__))
    add = reader.add_argument
    add('--data', metavar='FOLDER', help='systems to train on, as ansatz sample writes them')
    add('--held-out', metavar='FOLDER', help='systems that judge the weights during training')
    add('--no-evaluation', action='store_true', help='train without held-out systems, whatever the recipe says')
    add('--judge', metavar='FILE', help='judge the weights of a checkpoint on --held-out and end')
    add('--out', metavar='FILE', default=f'{NAME}.safetensors', help='where the weights go (default %(default)s)')
    add('--start', metavar='FILE', default=os.path.join(beside, 'start.safetensors'), help='the state before the first step')
    add('--resume', metavar='FILE', help='go on from this checkpoint; by default, from the one kept beside --out if there is one')
    add('--fresh', action='store_true', help='begin anew, whatever is kept beside --out')
    add('--dtype', choices=['float32', 'bfloat16', 'float64'], default='float32',
        help='bfloat16 rounds the operands of matrix products; weights stay float32 (default %(default)s)')
    add('--every', type=int, default=100, metavar='K', help='steps between two checkpoints (default %(default)s)')
    add('--log', type=int, default=10, metavar='K', help='steps between two lines of metrics (default %(default)s)')
    add('--metrics', metavar='FILE', help='lines of JSON; by default beside --out, as NAME.metrics.jsonl')
    add('--steps', type=int, metavar='K', help='stop after this many steps, keeping a checkpoint')
    add('--processes', type=int, default=1, metavar='K', help='processes that train together, on one host or several')
    add('--coordinator', metavar='HOST:PORT', help='where process 0 listens')
    add('--process-id', type=int, metavar='K', help='the number of this process, from 0')
    add('--platform', choices=['cpu', 'gpu', 'tpu'], help="instead of JAX's own choice")
    o = reader.parse_args()
    if o.platform is not None:
        jax.config.update('jax_platforms', o.platform)
    if o.dtype == 'float64':
        jax.config.update('jax_enable_x64', True)
    global PRODUCTS
    PRODUCTS = jnp.bfloat16 if o.dtype == 'bfloat16' else None
    machine = Machine(o)
    if o.judge is not None:
        if o.held_out is None:
            fail('--judge needs systems: give --held-out FOLDER')
        arrays = read_checkpoint(o.judge)[1]
        weights = machine.replicated({name: arrays[name] for name in PARAMETERS})
        answer = jax.jit(lambda weights, A, b: forward(weights, A, b).x)
        held_out = open_systems(o.held_out)
        errors = judge(answers_to(machine, answer, weights, held_out), held_out)
        if machine.first:
            print(json.dumps(errors))
        return 0
    if o.data is None:
        fail('expected --data FOLDER, systems to train on; ansatz sample writes them')
    return train(o, machine)


if __name__ == '__main__':
    raise SystemExit(main())`
