/** The part of a printed program that trains: all devices of all hosts, one batch shared among them, one set of weights. */

export const training = String.raw`def fail(sentence):
    """One sentence for people, and an end."""
    raise SystemExit(f'{os.path.basename(sys.argv[0])}: {sentence}')


class Machine:
    """All devices of all processes: batches are split over them, everything else is on each."""

    def __init__(self, o):
        if o.processes > 1:
            if o.coordinator is None or o.process_id is None:
                fail('several processes need --coordinator HOST:PORT and --process-id')
            if o.platform == 'cpu' or os.environ.get('JAX_PLATFORMS') == 'cpu':
                jax.config.update('jax_cpu_collectives_implementation', 'gloo')
            jax.distributed.initialize(o.coordinator, o.processes, o.process_id)
        mesh = Mesh(np.array(jax.devices()), ('systems',))
        self.split, self.whole = NamedSharding(mesh, Spec('systems')), NamedSharding(mesh, Spec())
        self.dtype = np.float64 if o.dtype == 'float64' else np.float32
        self.devices, self.first = len(jax.devices()), jax.process_index() == 0

    def replicated(self, arrays):
        return {k: self.everywhere(a) for k, a in arrays.items()}

    def everywhere(self, array):
        array = np.asarray(array, self.dtype)
        return jax.make_array_from_callback(array.shape, self.whole, lambda place: array[place])

    def shared(self, source, places):
        """Rows of an array on disk, every device its own."""
        shape = (len(places), *source.shape[1:])
        rows = lambda place: np.asarray(source[places[place[0]]], self.dtype)
        return jax.make_array_from_callback(shape, self.split, rows)

    def batch(self, systems, places):
        return tuple(self.shared(part, places) for part in (systems.A, systems.b, systems.x))

    def agreed(self, flag, step):
        """Whether any process says so; several of them ask each other every tenth step, all at the same."""
        if jax.process_count() == 1:
            return flag
        if step % 10 != 0:
            return False
        return bool(np.any(multihost_utils.process_allgather(np.array(flag))))


def fetched(arrays):
    return {k: np.asarray(a.addressable_data(0), np.float64) for k, a in arrays.items()}


def rate_at(step):
    """The learning rate: linear warm-up to the peak, then constant or a cosine to zero."""
    if step < WARMUP:
        return PEAK * (step + 1) / WARMUP
    return PEAK if DECAY == 'none' else PEAK * (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP))) / 2


def train_step(weights, moments, rate, A, b, target):
    loss, d = gradient(weights, A, b, target)
    return (loss, *update(weights, moments, d, rate))


def answers_to(machine, answer, weights, systems, most=256):
    """Answers to all systems, by batches of one size that all devices share."""
    size = -(-min(most, systems.count) // machine.devices) * machine.devices
    found = []
    for first in range(0, systems.count, size):
        places = (first + np.arange(size)) % systems.count
        x = answer(weights, *machine.batch(systems, places)[:2])
        found.append(np.asarray(multihost_utils.process_allgather(x, tiled=True), np.float64))
    return np.concatenate(found)[:systems.count]


def progress(step, loss, began, done):
    if sys.stderr.isatty():
        left = (time.time() - began) / max(done, 1) * (STEPS - step)
        print(f'\r{step} of {STEPS}  loss {loss:.3e}  {left / 60:.1f} minutes left ', end='', file=sys.stderr, flush=True)


def train(o, machine):
    kept = o.out.removesuffix('.safetensors') + '.training.safetensors'
    start = o.resume or (kept if os.path.exists(kept) and not o.fresh else o.start)
    state = load_state(start)
    place = state.place
    systems = open_systems(o.data)
    if start == o.start:
        place['data'] = systems.id
    if place.get('data') != systems.id:
        fail(f'{start}: its training began on other systems than those of {o.data}')
    held_out = None if o.held_out is None else open_systems(o.held_out)
    if EVERY is not None and held_out is None and not o.no_evaluation:
        fail('this recipe judges held-out systems: give --held-out FOLDER, or --no-evaluation')
    count = systems.count if SYSTEMS is None else SYSTEMS
    if systems.count < count:
        fail(f'{o.data}: holds {systems.count} systems, and the recipe trains on {count}')
    if BATCH > count or BATCH % machine.devices != 0:
        fail(f'batches of {BATCH} systems cannot be shared among {machine.devices} devices, or are more than the {count} given')
    order = Order(place['seed'], place['stage'], count, BATCH)
    step_on = jax.jit(train_step, donate_argnums=(0, 1))
    answer = jax.jit(lambda weights, A, b: forward(weights, A, b).x)
    weights, moments = machine.replicated(state.weights), machine.replicated(state.moments)
    stopped = []
    for which in (signal.SIGTERM, signal.SIGINT):
        signal.signal(which, lambda *_: stopped.append(True))
    metrics = open(o.metrics or o.out.removesuffix('.safetensors') + '.metrics.jsonl', 'a') if machine.first else None

    def tell(**values):
        if machine.first:
            print(json.dumps(values), file=metrics, flush=True)

    def keep(finished=False):
        state.weights, state.moments = fetched(weights), fetched(moments)
        if machine.first and finished:
            save_weights(o.out, state)
            if os.path.exists(kept):
                os.remove(kept)
        elif machine.first:
            save_state(kept, state)

    began, first, step = time.time(), place['iteration'], place['iteration']
    patience = math.inf if PATIENCE is None else PATIENCE
    while step < STEPS and place.get('stale', 0) < patience:
        batch = machine.batch(systems, order(step))
        loss, weights, moments = step_on(weights, moments, machine.everywhere(rate_at(step)), *batch)
        step += 1
        place['iteration'] = step
        judged = held_out is not None and EVERY is not None and (step % EVERY == 0 or step == STEPS)
        ends = step == STEPS or step - first == o.steps
        stops = machine.agreed(bool(stopped), step)
        if judged or ends or stops or step % o.log == 0 or step % o.every == 0:
            place['loss'] = float(loss)
            if not math.isfinite(place['loss']):
                fail(f'the loss is not finite at step {step}: the rate is likely too high')
            tell(step=step, loss=place['loss'], rate=rate_at(step - 1), seconds=round(time.time() - began, 3))
            progress(step, place['loss'], began, step - first)
        if judged:
            errors = judge(answers_to(machine, answer, weights, held_out), held_out)
            tell(step=step, heldOut=errors)
            better = state.best is None or errors['mse'] < state.best['loss']
            place['stale'] = 0 if better else place.get('stale', 0) + 1
            if better:
                state.best = {'weights': fetched(weights), 'loss': errors['mse']}
        if (ends or stops) and step < STEPS:
            keep()
            return 130 if stops else 0
        if step % o.every == 0:
            keep()
    keep(finished=True)
    return 0`
