"""Runs Python as on a processor of another make, after showing that it computes otherwise there.

``python .ci/other_processor.py -m pytest tests/graph`` tells the libraries to do without the vector
instructions that this processor has beyond a more common one, prints which results differ in a bit
then, fails if none of skhyp does, and runs the command.
"""

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

IS_WIDE = __cpu_features__.get("AVX512F", False) or __cpu_features__.get("X86_V4", False)
WIDE = ("AVX512", "X86_V4")
BEYOND = WIDE if IS_WIDE else (*WIDE, "AVX2", "FMA3", "X86_V3")
SETTINGS = {
    "ONEDNN_MAX_CPU_ISA": "AVX2" if IS_WIDE else "SSE41",
    "OPENBLAS_CORETYPE": "Haswell" if IS_WIDE else "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": " ".join(
        name for name in __cpu_dispatch__ if name.startswith(BEYOND) and __cpu_features__[name]
    ),
}


def digests() -> dict[str, str]:
    """Return a digest of the bits of each result."""
    import numpy as np
    import scipy.linalg
    import tensorflow as tf

    from skhyp import HypPreprocessor, SpectralAutoencoder, SpectralCNNClassifier

    rng = np.random.default_rng(0)
    X = rng.uniform(0.1, 1, (200, 103)).astype(np.float32)
    y = np.arange(200) % 3
    kernel = tf.constant(rng.standard_normal((20, 1, 10)), tf.float32)
    network = {"max_epochs": 3, "random_state": 0}
    classifier = SpectralCNNClassifier(**network).fit(X, y)
    results = {
        "NumPy: product": X.T @ X,
        "NumPy: exponential": np.exp(X.astype(np.float64)),
        "NumPy: arccosine": np.arccos(X),
        "SciPy: eigenvalues": scipy.linalg.eigvalsh(X.T @ X),
        "TensorFlow: product": tf.matmul(X, X, transpose_b=True),
        "TensorFlow: convolution": tf.nn.conv1d(X[:, :, None], kernel, 1, "VALID"),
        "TensorFlow: softmax": tf.nn.softmax(X),
        "skhyp: preprocessor": HypPreprocessor(method="savgol").fit_transform(X),
        "skhyp: dense autoencoder": SpectralAutoencoder(**network).fit(X).parameters_,
        "skhyp: classifier": classifier.parameters_,
        "skhyp: probabilities": classifier.predict_proba(X),
    }
    return {
        name: hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
        for name, values in results.items()
    }


def digests_under(settings: dict[str, str]) -> dict[str, str]:
    finished = subprocess.run(
        [sys.executable, __file__, "--digests"],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return json.loads(finished.stdout)


def show_what_differs() -> None:
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        here, again, there = threads.map(digests_under, [{}, {}, SETTINGS])
    if again != here:
        sys.exit("The same settings give other bits the second time: nothing can be compared.")
    differing = [result for result in here if there[result] != here[result]]
    settings = " ".join(f"{name}={value!r}" for name, value in SETTINGS.items())
    print(f"{settings} changes: {', '.join(differing) or 'nothing'}", flush=True)
    if not any(result.startswith("skhyp") for result in differing):
        sys.exit("These settings imitate no other processor: the second pass would be the first.")


if __name__ == "__main__":
    if sys.argv[1:] == ["--digests"]:
        print(json.dumps(digests()))
    else:
        show_what_differs()
        os.execve(sys.executable, [sys.executable, *sys.argv[1:]], {**os.environ, **SETTINGS})
