"""The lines of protocol.ts, spoken by Python: greets, does what it is asked, keeps the time."""

import json
import os
import sys
import time

THREADS = int(os.environ.get("PEERS_THREADS", "1"))

# Libraries may print; the protocol has the real output to itself.
_out = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)


def _say(message):
    _out.write(json.dumps(message, separators=(",", ":")) + "\n")
    _out.flush()


def fail(why):
    """Leaves at once, with the reason that the benchmark prints."""
    _say({"ok": False, "why": why})
    sys.exit(0)


def operand(job, name):
    import numpy as np

    stored = job["arrays"][name]
    return np.fromfile(stored["file"], dtype=np.float32).reshape(stored["dims"])


# Milliseconds a call after which one call warms up: the answer was asked for before it.
SLOW = 1000


def _clock(call, calls):
    before, start = time.process_time(), time.perf_counter()
    for _ in range(calls):
        call()
    wall = time.perf_counter() - start
    return {"wall": 1000 * wall / calls, "cpu": 1000 * (time.process_time() - before) / calls}


def _warm(call, milliseconds):
    end = time.perf_counter() + milliseconds / 1000
    first = _clock(call, 1)
    if first["wall"] > SLOW:
        return first
    each = _clock(call, 1)
    calls = 1
    while time.perf_counter() < end:
        each = _clock(call, calls)
        calls *= 2
    return each


def _answer(request, call, answer):
    import numpy as np

    if request["ask"] == "answer":
        np.ascontiguousarray(answer(), dtype=np.float32).tofile(request["file"])
        return {"ok": True}
    if request["ask"] == "warm":
        return {"ok": True, "each": _warm(call, request["milliseconds"])}
    if request["again"]:
        call()
    return {"ok": True, "each": _clock(call, request["calls"])}


def serve(version, detail, methods):
    """methods: {(workload, name): (gives, prepare)}; prepare(job) gives (call, answer)."""
    listed = [{"workload": w, "name": n, "gives": gives} for (w, n), (gives, _) in methods.items()]
    _say({"ok": True, "greeting": {"version": version, "detail": detail, "methods": listed}})
    prepared = {}
    for text in sys.stdin:
        request = json.loads(text)
        try:
            if request["ask"] == "prepare":
                job = request["job"]
                prepared[job["method"]] = methods[(job["workload"], job["method"])][1](job)
                _say({"ok": True})
            elif request["ask"] == "close":
                prepared.clear()
                _say({"ok": True})
            else:
                call, answer = prepared[request["method"]]
                _say(_answer(request, call, answer))
        except Exception as cause:  # a failed job is an answer; the next one may do better
            _say({"ok": False, "why": f"{type(cause).__name__}: {cause}"})
