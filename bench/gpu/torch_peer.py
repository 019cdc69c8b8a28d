"""PyTorch on CUDA: the same work as bench/gpu, or what a user would do instead. Prints one line of JSON.

    python3 torch_peer.py '{"dense": [[2048, 256, 1024]], "systems": [{"n": 9, "batch": 10000}], "transformer": {...}}'

Float32 throughout, TF32 off unless a row says so. Times are medians of CUDA events around several calls.
"""
import json
import sys


def main():
    sizes = json.loads(sys.argv[1])
    try:
        import torch
    except ImportError:
        return {"absent": "Python has no PyTorch"}
    if not torch.cuda.is_available():
        return {"absent": "PyTorch finds no CUDA device"}

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.set_grad_enabled(False)
    torch.manual_seed(1)
    device = "cuda"

    def seconds(call, least=5, budget=1.0):
        for _ in range(3):
            call()
        torch.cuda.synchronize()
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

        def sample(calls):
            start.record()
            for _ in range(calls):
                call()
            end.record()
            torch.cuda.synchronize()
            return start.elapsed_time(end) / 1e3 / calls

        calls = max(1, min(1000, round(budget / 10 / max(sample(1), 1e-7))))
        return sorted(sample(calls) for _ in range(least))[least // 2]

    rows = []

    def row(what, beside, call):
        rows.append({"what": what, "beside": beside, "seconds": seconds(call)})

    for m, k, n in sizes["dense"]:
        a, b = torch.randn(m, k, device=device), torch.randn(k, n, device=device)
        ours = f"dense [{m} x {k}].[{k} x {n}]"
        row(f"matmul [{m} x {k}].[{k} x {n}]", ours, lambda: a @ b)
        torch.backends.cuda.matmul.allow_tf32 = True
        row(f"matmul [{m} x {k}].[{k} x {n}], TF32", ours, lambda: a @ b)
        torch.backends.cuda.matmul.allow_tf32 = False

    lazy = "BLOCK lazy"
    for case in sizes["systems"]:
        n, batch = case["n"], case["batch"]
        g = torch.randn(batch, n, n, device=device)
        A = g @ g.mT / n + torch.eye(n, device=device)
        b = torch.randn(batch, n, 1, device=device)
        ours = f"{lazy}, {batch} systems of {n}"
        row(f"A A^T, {batch} of {n}", ours, lambda: torch.bmm(A, A.mT))
        row(f"Cholesky and solve, {batch} of {n}", ours, lambda: torch.cholesky_solve(b, torch.linalg.cholesky_ex(A)[0]))
        row(f"LU (torch.linalg.solve), {batch} of {n}", ours, lambda: torch.linalg.solve_ex(A, b)[0])

    t = sizes["transformer"]
    ours = (
        f"transformer forward, {t['blocks']} blocks, width {t['width']}, {t['heads']} heads, "
        f"{t['tokens']} tokens, batch {t['batch']}"
    )

    class Attention(torch.nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.heads = heads
            self.into = torch.nn.Linear(width, 3 * width)
            self.out = torch.nn.Linear(width, width)

        def forward(self, x):
            s, tokens, width = x.shape
            q, k, v = self.into(x).view(s, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
            y = torch.nn.functional.scaled_dot_product_attention(q, k, v)
            return self.out(y.transpose(1, 2).reshape(s, tokens, width))

    class Block(torch.nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.norms = torch.nn.ModuleList(torch.nn.LayerNorm(width) for _ in range(2))
            self.attention = Attention(width, heads)
            self.mlp = torch.nn.Sequential(
                torch.nn.Linear(width, 4 * width), torch.nn.GELU(), torch.nn.Linear(4 * width, width)
            )

        def forward(self, x):
            x = x + self.attention(self.norms[0](x))
            return x + self.mlp(self.norms[1](x))

    width, tokens = t["width"], t["tokens"]
    blocks = [Block(width, t["heads"]) for _ in range(t["blocks"])]
    network = torch.nn.Sequential(
        torch.nn.Linear(tokens + 1, width), *blocks, torch.nn.LayerNorm(width), torch.nn.Linear(width, 1)
    ).to(device)
    x = torch.randn(t["batch"], tokens, tokens + 1, device=device)
    row("transformer, eager", ours, lambda: network(x))
    try:
        compiled = torch.compile(network, mode="max-autotune-no-cudagraphs")
        compiled(x)
        row("transformer, torch.compile", ours, lambda: compiled(x))
        graphs = torch.compile(network, mode="reduce-overhead")
        graphs(x)
        row("transformer, torch.compile with CUDA graphs", ours, lambda: graphs(x))
    except Exception as cause:  # No compiler, or none that it knows: the eager row stands.
        print(f"torch.compile does not run here: {cause}", file=sys.stderr)
    return {"name": f"PyTorch {torch.__version__} on {torch.cuda.get_device_name()}", "rows": rows}


print(json.dumps(main()))
