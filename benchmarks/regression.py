"""How well are contents predicted from laboratory spectra, beside the classical methods?

Six calibrations with the test parts that were published with them. Every method gets the training
part alone and chooses what it has to choose inside it:

* ``skhyp, ensemble`` and ``skhyp, network``: ``SpectralEnsembleRegressor`` and
  ``SpectralCNNRegressor`` with default parameters, ten seeds;
* ``PLS``: components (2 to 20) and scaling by 5-fold cross-validation
  (``SpectralPLSRegressor``, whose algorithm is scikit-learn's);
* ``ridge``, ``RBF-SVR``, ``MLPRegressor``: scikit-learn's, on standardised bands, with their
  parameters and the scaling by 5-fold (the last by 3-fold) cross-validation;
* ``Gaussian process``: scikit-learn's, RBF and noise, on 40 principal components, with the scaling
  by 3-fold cross-validation and its parameters by the marginal likelihood.

Scalings are none, the standard normal variate, and its first and second derivative.

Run ``python benchmarks/regression.py --spectra FOLDER``. It writes
``benchmarks/results/regression.json`` and ``regression.md``; what is there already of this machine
is kept, so that a run that was ended goes on. Seconds are those of processors, which other work on
the machine changes little, and everything is fitted in one thread.
"""

import os

# Read when libraries are imported.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from laboratory_spectra import Calibration, calibrations
from machine import describe_machine
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVR
from speed_report import write_results

import skhyp
from skhyp import HypPreprocessor, SpectralEnsembleRegressor, SpectralPLSRegressor
from skhyp.metrics import regression_report

RESULTS = Path(__file__).parent / "results"
SEEDS = range(10)
DERIVATIVES = (1, 2)
CLASSICAL = ("PLS", "ridge", "RBF-SVR", "Gaussian process", "MLPRegressor")
WINDOW_NM = 30.0
# Of the largest penalties on noisy spectra, libsvm finds no end.
_SVR_ITERATIONS = 200_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spectra", type=Path, default=Path("spectra"))
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="number of seeds")
    arguments = parser.parse_args()
    path = RESULTS / "regression.json"
    machine = describe_machine()
    results = json.loads(path.read_text()) if path.is_file() else {}
    if results.get("machine") != machine or results.get("skhyp") != skhyp.__version__:
        results = {"machine": machine, "skhyp": skhyp.__version__, "rows": []}
    tasks = calibrations(arguments.spectra)
    for seed in range(arguments.seeds):
        for task, calibration in tasks.items():
            ours = ensemble_and_network(calibration, seed)
            measure(results, path, task, "skhyp, ensemble", seed, ours, calibration)
        if seed:
            continue
        for method in classical_methods(tasks[next(iter(tasks))]):
            for task, calibration in tasks.items():
                fit = classical_methods(calibration)[method]
                measure(results, path, task, method, 0, fit, calibration)
    write_results(results, RESULTS / "regression", report(results))


def measure(
    results: dict[str, Any],
    path: Path,
    task: str,
    method: str,
    seed: int,
    fit: Callable[[], Any],
    calibration: Calibration,
) -> None:
    """Fit models and keep the errors of each on the test part, unless that was done before."""
    done = {(row["task"], row["method"], row["seed"]) for row in results["rows"]}
    if (task, method, seed) in done:
        return
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # iterations and kernels at their limits
        fitted = fit()
        models = fitted if isinstance(fitted, dict) else {method: fitted}
    seconds = time.process_time() - begin
    for name, model in models.items():
        found = regression_report(calibration.y_test, model.predict(calibration.X_test))
        row = {"task": task, "method": name, "seed": seed, "rmse": float(found.rmse)}
        row |= {"bias": float(found.bias), "r2": float(found.r2)}
        row |= {"seconds": seconds if name == method else None}
        results["rows"].append(row)
        print(task, name, seed, f"{found.rmse:.4f}", f"{seconds:.1f} s", flush=True)
    path.write_text(json.dumps(results, indent=1) + "\n")


def ensemble_and_network(calibration: Calibration, seed: int) -> Callable[[], dict[str, Any]]:
    """Return a function that fits the ensemble, which has the network among its members."""

    def fit() -> dict[str, Any]:
        ensemble = SpectralEnsembleRegressor(random_state=seed)
        ensemble.fit(calibration.X_train, calibration.y_train)
        return {
            "skhyp, ensemble": ensemble,
            "skhyp, network": ensemble.named_estimators_["network"],
        }

    return fit


def classical_methods(calibration: Calibration) -> dict[str, Callable[[], Any]]:
    """Return functions that fit each method, its parameters chosen within the training part."""
    X, y = calibration.X_train, calibration.y_train
    n_bands = X.shape[1]

    scalings = [scaling_of(X, order) for order in (None, 0, *DERIVATIVES)]

    def searched(steps: list, grid: dict, n_folds: int = 5) -> Any:
        """Return the best of all scalings, which look at each spectrum by itself."""
        folds = KFold(n_folds, shuffle=True, random_state=0)
        best: Any = None
        for scaling in scalings:
            model = Pipeline([("standard", StandardScaler()), *steps])
            scaled = np.asarray(scaling.fit_transform(X))
            search = GridSearchCV(model, grid, cv=folds, scoring="neg_mean_squared_error")
            search.fit(scaled, y)
            if best is None or search.best_score_ > best[1].best_score_:
                best = (scaling, search)
        return Pipeline([("scaling", best[0]), ("model", best[1])])

    kernel = ConstantKernel(1, (1e-3, 1e5)) * RBF(5, (1e-1, 1e4)) + WhiteKernel(0.01, (1e-6, 1))
    n_components = min(40, int(0.6 * len(y)))
    return {
        "PLS": lambda: SpectralPLSRegressor().fit(X, y),
        "ridge": lambda: searched(
            [("model", Ridge())], {"model__alpha": np.logspace(-5, 4, 19).tolist()}
        ),
        "RBF-SVR": lambda: searched(
            [
                (
                    "model",
                    of_standardised_target(
                        SVR(epsilon=0.05, cache_size=500, max_iter=_SVR_ITERATIONS)
                    ),
                )
            ],
            {
                "model__regressor__C": [1, 10, 100, 1000, 10_000, 100_000],
                "model__regressor__gamma": [g / n_bands for g in (0.001, 0.01, 0.1, 1)],
            },
        ),
        "Gaussian process": lambda: searched(
            [
                ("components", PCA(n_components, random_state=0)),
                ("model", GaussianProcessRegressor(kernel, normalize_y=True)),
            ],
            {},
            n_folds=3,
        ),
        "MLPRegressor": lambda: searched(
            [("model", of_standardised_target(MLPRegressor(max_iter=500, random_state=0)))],
            {"model__regressor__alpha": [1e-4, 1.0]},
            n_folds=3,
        ),
    }


def of_standardised_target(regressor: Any) -> Any:
    """Return a regressor of the standardised target."""

    return TransformedTargetRegressor(regressor, transformer=StandardScaler())


def scaling_of(X: Any, order: int | None) -> Any:
    """Return what is done to spectra: nothing, or a derivative of their standard normal variate."""
    if order is None:
        return FunctionTransformer()
    variate = HypPreprocessor(method="snv", wavelengths=X.wavelengths)
    if not order:
        return variate
    step = np.median(np.abs(np.diff(X.wavelengths)))
    window = max(5, 2 * round((WINDOW_NM / step - 1) / 2) + 1)
    derivative = HypPreprocessor(method="savgol", window_length=window, deriv=order)
    return Pipeline([("variate", variate), ("derivative", derivative)])


def report(results: dict[str, Any]) -> str:
    """Return the tables of errors, and of seconds, as Markdown."""
    rows = results["rows"]
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    methods = sorted({row["method"] for row in rows}, key=lambda name: not name.startswith("skhyp"))
    machine = results["machine"]
    n_seeds = len({row["seed"] for row in rows if row["method"] == "skhyp, ensemble"})
    lines = [
        f"{machine['processor']}, {machine['cores']} cores; skhyp {results['skhyp']}, scikit-learn "
        f"{sklearn.__version__}. Root mean squared error on the published test parts; of what has "
        + (
            f"a seed, mean and standard deviation over {n_seeds}."
            if n_seeds > 1
            else "a seed, one."
        ),
        "",
        "| | " + " | ".join(tasks) + " |",
        "|---" * (len(tasks) + 1) + "|",
    ]
    means: dict[tuple[str, str], float] = {}
    for method in methods:
        cells = []
        for task in tasks:
            found = [r["rmse"] for r in rows if (r["method"], r["task"]) == (method, task)]
            if not found:
                cells.append("")
                continue
            means[method, task] = float(np.mean(found))
            spread = f" ± {np.std(found, ddof=1):.3f}" if len(found) > 1 else ""
            cells.append(f"{np.mean(found):.3f}{spread}")
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    for name, others in (
        ("ensemble beside PLS", ["PLS"]),
        (
            "ensemble beside the best classical method",
            list(CLASSICAL),
        ),
    ):
        cells = []
        for task in tasks:
            if not all((other, task) in means for other in [*others, "skhyp, ensemble"]):
                cells.append("")
                continue
            best = min(means[other, task] for other in others)
            ours = means["skhyp, ensemble", task]
            cells.append(f"{100 * (ours / best - 1):+.0f} %")
        lines.append(f"| *{name}* | " + " | ".join(cells) + " |")
    if not any(row["seconds"] for row in rows):
        return "\n".join(lines) + "\n"
    lines += ["", "Seconds of one processor to fit, choices included (median over seeds):", ""]
    lines += ["| | " + " | ".join(tasks) + " |", "|---" * (len(tasks) + 1) + "|"]
    for method in methods:
        cells = []
        for task in tasks:
            found = [
                row["seconds"]
                for row in rows
                if (row["method"], row["task"]) == (method, task) and row["seconds"] is not None
            ]
            cells.append(f"{np.median(found):.1f}" if found else "")
        if any(cells):
            lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
