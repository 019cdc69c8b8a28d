/** The part of a printed program that reads systems from disk, in the order in which `ansatz train` sees them, and judges. */

export const data = `def threefry(key, counter):
    """Threefry-2x32 with 20 rounds (Salmon et al. 2011) of counters [count, 2] under a key of two words."""
    with np.errstate(over='ignore'):
        words = [np.uint32(key[0]), np.uint32(key[1]), np.uint32(key[0] ^ key[1] ^ 0x1BD11BDA)]
        a, b = (counter[:, k].astype(np.uint32) + words[k] for k in (0, 1))
        for turn in range(5):
            for by in ((13, 15, 26, 6), (17, 29, 16, 24))[turn % 2]:
                a = a + b
                b = ((b << np.uint32(by)) | (b >> np.uint32(32 - by))) ^ a
            a = a + words[(turn + 1) % 3]
            b = b + words[(turn + 2) % 3] + np.uint32(turn + 1)
    return a, b


def fold(key, label):
    """The key for a text or a whole number below 2^32."""
    if isinstance(label, int):
        counters = [[2 << 24, label]]
    else:
        counters = [[3 << 24, len(label)], *([3 << 24, ord(letter)] for letter in label)]
    for counter in counters:
        a, b = threefry(key, np.array([counter], np.uint64))
        key = int(a[0]), int(b[0])
    return key


def permutation(key, count):
    """A random order of 0 ... count - 1 (Fisher and Yates), from numbers uniform in [0, 1)."""
    counters = np.stack([np.full(count, 1 << 24), np.arange(count)], axis=1)
    a, b = threefry(key, counters)
    uniform = (a.astype(np.float64) * 2.0**21 + (b >> np.uint32(11))) * 2.0**-53
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        j = int(uniform[i] * (i + 1))
        order[i], order[j] = order[j], order[i]
    return np.array(order)


class Order:
    """Which systems a step sees: epochs of ceil(count / batch) steps, each in an order of its own."""

    def __init__(self, seed, stage, count, batch):
        key = fold(fold((seed >> 32, seed & 0xFFFFFFFF), 'train'), stage)
        self.key, self.count, self.batch = fold(key, 'order'), count, batch
        self.epoch, self.order = None, None

    def __call__(self, step):
        epoch, turn = divmod(step, -(-self.count // self.batch))
        if epoch != self.epoch:
            self.epoch, self.order = epoch, permutation(fold(self.key, epoch), self.count)
        return self.order[(turn * self.batch + np.arange(self.batch)) % self.count]


def open_systems(folder):
    """A, b and x of a folder that ansatz sample wrote, mapped into memory and read when they are needed."""
    try:
        A, b, x = (np.load(os.path.join(folder, f'{name}.npy'), mmap_mode='r') for name in 'Abx')
    except (OSError, ValueError) as error:
        fail(f'{folder}: expected A.npy, b.npy and x.npy, which ansatz sample writes: {error}')
    if A.ndim != 3 or A.shape[1] != A.shape[2] or b.shape != A.shape[:2] or x.shape != b.shape:
        fail(f'{folder}: expected A [count, n, n], b and x [count, n], found {A.shape}, {b.shape} and {x.shape}')
    if N is not None and A.shape[1] != N:
        fail(f'{folder}: holds systems of n = {A.shape[1]}, and this model is made for n = {N}')
    try:
        with open(os.path.join(folder, 'manifest.json'), 'rb') as manifest:
            drawn = hashlib.sha256(manifest.read()).hexdigest()
    except FileNotFoundError:
        drawn = None  # the systems that the recipe itself draws
    return SimpleNamespace(A=A, b=b, x=x, count=A.shape[0], n=A.shape[1], id=drawn)


def judge(answers, systems):
    """Errors of answers: mean square, relative in the 2-norm, and the normwise backward error in the infinity norm."""
    A, b, x = (np.asarray(part, np.float64) for part in (systems.A, systems.b, systems.x))
    off = answers - x
    relative = np.linalg.norm(off, axis=1) / np.linalg.norm(x, axis=1)
    largest = lambda vectors: np.max(np.abs(vectors), axis=1)
    scale = np.max(np.sum(np.abs(A), axis=2), axis=1) * largest(answers) + largest(b)
    backward = largest(np.einsum('sij,sj->si', A, answers) - b) / scale
    return {
        'systems': len(x), 'mse': float(np.mean(off * off)), 'relativeMedian': float(np.median(relative)),
        'relativeMean': float(np.mean(relative)), 'backward': float(np.median(backward)),
    }`
