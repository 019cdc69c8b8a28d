/** The part of a printed program that reads and writes checkpoints: safetensors files with a checksum, as `ansatz` has them. */

export const checkpoints = `BLANK = '0' * 64
MARK = b'"checksum":"'


def read_checkpoint(file):
    """The texts of a checkpoint's header and its arrays by name."""
    with open(file, 'rb') as opened:
        data = opened.read()
    try:
        end = 8 + int.from_bytes(data[:8], 'little')
        header = json.loads(data[8:end])
        texts = header.pop('__metadata__')
        at = data.index(MARK) + len(MARK)
        intact = hashlib.sha256(data[:at] + BLANK.encode() + data[at + 64:]).hexdigest() == texts['checksum']
        kinds = {'F64': np.float64, 'F32': np.float32}
        arrays = {}
        for name, entry in header.items():
            first, last = entry['data_offsets']
            arrays[name] = np.frombuffer(data[end + first:end + last], kinds[entry['dtype']]).reshape(entry['shape'])
    except (ValueError, KeyError):
        fail(f'{file}: is no checkpoint that ansatz wrote')
    if not intact:
        fail(f'{file}: its checksum is not that of its bytes: it is damaged')
    return texts, arrays


def write_checkpoint(file, texts, arrays):
    """A checkpoint whole or not at all: written beside its place and moved there."""
    entries, at = {}, 0
    for name, array in arrays.items():
        if not np.all(np.isfinite(array)):
            fail(f'{file}: array {name} holds numbers that are not finite and is not written')
        entries[name] = {'dtype': 'F64', 'shape': list(array.shape), 'data_offsets': [at, at + 8 * array.size]}
        at += 8 * array.size
    header = json.dumps({'__metadata__': {**texts, 'checksum': BLANK}, **entries}, separators=(',', ':')).encode()
    header += b' ' * (-len(header) % 8)
    chunks = [len(header).to_bytes(8, 'little'), header, *(np.asarray(a, '<f8').tobytes() for a in arrays.values())]
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    chunks[1] = header.replace(MARK + BLANK.encode(), MARK + digest.hexdigest().encode(), 1)
    beside = f'{file}.{os.getpid()}.part'
    with open(beside, 'wb') as opened:
        for chunk in chunks:
            opened.write(chunk)
        opened.flush()
        os.fsync(opened.fileno())
    os.replace(beside, file)


def load_state(file):
    """Where a run stands: weights, moments of the optimiser, the best weights so far, and the place in the recipe."""
    texts, arrays = read_checkpoint(file)
    place = json.loads(texts['state'])
    if place is None:
        fail(f'{file}: holds weights and no run to go on with')
    if json.loads(texts['recipe']) != json.loads(RECIPE):
        fail(f'{file}: is of another recipe than this program')
    under = lambda prefix: {k[len(prefix):]: a for k, a in arrays.items() if k.startswith(prefix)}
    weights = {name: arrays[name] for name in PARAMETERS}
    moments = under('moments/')
    if not moments:
        moments = {f'{kind}({name})': np.zeros(shape) for name, shape in PARAMETERS.items() for kind in 'mv'}
        moments.update(power1=np.ones(()), power2=np.ones(()))
    best = None if place['best'] is None else {'weights': under('best/'), 'loss': place['best']['loss']}
    return SimpleNamespace(texts=texts, place=place, weights=weights, moments=moments, best=best)


def save_state(file, state):
    best = {} if state.best is None else {f'best/{k}': a for k, a in state.best['weights'].items()}
    place = {**state.place, 'best': None if state.best is None else {'loss': state.best['loss']}}
    texts = {**state.texts, 'kind': 'training', 'loss': json.dumps(place['loss']), 'state': json.dumps(place)}
    moments = {f'moments/{k}': a for k, a in state.moments.items()}
    write_checkpoint(file, texts, {**state.weights, **best, **moments})


def save_weights(file, state):
    """The result alone: the best weights by held-out systems, where there were any, else the last."""
    weights = state.weights if state.best is None else state.best['weights']
    loss = state.place['loss'] if state.best is None else state.best['loss']
    texts = {**state.texts, 'kind': 'weights', 'loss': json.dumps(loss), 'card': 'null', 'state': 'null'}
    write_checkpoint(file, texts, weights)`
