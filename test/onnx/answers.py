"""Answers of ONNX Runtime to systems, for the tests: files and systems in a file of JSON, answers on standard output.

Every file must pass ONNX's own checker, shape inference included.
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime


def answers(job):
    model = onnx.load(job["file"])
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(job["file"], providers=["CPUExecutionProvider"])
    n = job["n"]
    found = []
    for case in job["cases"]:
        A = np.array(case["A"], np.float32).reshape(-1, n, n)
        b = np.array(case["b"], np.float32).reshape(-1, n)
        (x,) = session.run(["x"], {"A": A, "b": b})
        assert x.shape == b.shape and x.dtype == np.float32, (x.shape, x.dtype)
        found.append([float(value) for value in x.ravel()])
    metadata = {p.key: p.value for p in model.metadata_props}
    return {"answers": found, "metadata": metadata, "opset": model.opset_import[0].version}


with open(sys.argv[1]) as jobs:
    json.dump([answers(job) for job in json.load(jobs)], sys.stdout)
