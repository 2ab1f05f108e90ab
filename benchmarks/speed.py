"""How fast is skhyp beside deephyp, Keras, PyTorch, skorch, SciKeras, scikit-learn and NumPy?

``python benchmarks/speed.py`` runs the workloads W1 to W7 (see ``workloads.py``) for every
contender that is installed. Each contender works in a process of its own; processes wait while
another one works, and take turns in changing order. Every repeat has fresh processes, so that the
first call (with all tracing and compiling, without imports) is measured as often as the warm one.

* All contenders but scikit-learn, which has no convolutions, train the same network with Adam on
  the same float32 spectra, which were min-max'ed before; W4a, W4b and W6 apply it to such spectra.
  W7 starts from uint16.
* Warm is what a contender can reuse. skhyp and PyTorch fit again from new or old weights, Keras
  trains on with the model that it has compiled, deephyp's epochs are timed without the session
  and the checkpoint of each ``train``. Per epoch means the seconds of a fit over its epochs.
* Keras and PyTorch take part as most scripts have them, and with what they offer for speed: several
  updates a call (``steps_per_execution``), ``torch.compile`` and the fused Adam. Keras compiles by
  XLA where it can; several updates a call are within an epoch, and an epoch of W3 has only 9. What
  PyTorch compiles it keeps on the disk: its first calls but that of the first repeat find it there.
* In W4a, W4b and W7 warm is the median of three calls, in W6 of up to 200. A model that is only
  applied was trained for two epochs, but for PyTorch's labels and NumPy's networks, which have the
  weights they begin with: the speed does not depend on it.
* Peak memory is what the process needs at most beyond what it held before the call, which
  includes the input; Linux only.
* A time is disturbed if other processes kept more than a tenth of a core busy meanwhile; the
  tables count such times. PyTorch's threads wait for each other and suffer most.
* The limit is the larger of two times, both measured in the same run: the least arithmetic at the
  rate of a large float32 matrix product, and reading and writing the data at the rate of a copy.
* deephyp is TensorFlow 1 code: it runs unchanged on TensorFlow 2's version 1 interface.

It writes ``benchmarks/results/speed.json`` (every figure), ``speed.md`` and ``speed.png``. With
``--accuracy`` it trains W1, W2 (5 epochs each) and W3 from five seeds instead, compares losses and
accuracies, and writes ``speed_accuracy.json`` and ``.md``.

A contender that needs another environment gets one by ``--python``: SciKeras, for example, may
need an older scikit-learn.
"""

import argparse
import contextlib
import tempfile
import time
from pathlib import Path

from kernel_counts import foreign_seconds, share_of_others
from machine import describe_machine, measure_limits
from pavia_sized_scene import write_scene
from processes import ContenderError, Worker, default_interpreter
from speed_report import is_disturbed, write_accuracy, write_speed
from workloads import ACCURACY_WORKLOADS, MODULES, PACKAGES, WORKLOADS, Entry, Workload

RESULTS = Path(__file__).resolve().parent / "results"


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    with tempfile.TemporaryDirectory(prefix="speed") as folder:
        session = Session(options, Path(folder))
        write_scene(Path(folder), options.scale)
        if options.accuracy:
            content = session.describe() | {"records": session.train_from_seeds()}
            write_accuracy(content, options.output.with_name(f"{options.output.name}_accuracy"))
        else:
            records = session.measure()
            write_speed(session.describe() | {"records": records}, options.output)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    summary, _, details = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--workloads", nargs="+", choices=WORKLOADS, metavar="W", help=f"of {', '.join(WORKLOADS)}"
    )
    parser.add_argument(
        "--contenders", nargs="+", choices=MODULES, metavar="NAME", help=f"of {', '.join(MODULES)}"
    )
    parser.add_argument(
        "--repeats", type=int, default=5, help="fresh processes, or seeds with --accuracy"
    )
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="the interpreter of a contender that lives in another environment; repeatable",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=RESULTS / "speed",
        help="where to write, without the suffixes .json, .md and .png",
    )
    parser.add_argument(
        "--accuracy", action="store_true", help="compare losses and accuracies over seeds instead"
    )
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        help="a fraction of the spectra and epochs, to try the benchmark out: not a result",
    )
    parser.add_argument(
        "--timeout", type=float, default=1800.0, help="seconds that one call may take at most"
    )
    options = parser.parse_args(arguments)
    for given in options.python:
        name, separator, path = given.partition("=")
        if name not in MODULES or not separator or not path:
            parser.error(f"--python needs NAME=PATH with a contender's name, got {given!r}")
    if options.accuracy and options.workloads and not {*options.workloads} & {*ACCURACY_WORKLOADS}:
        parser.error(f"--accuracy is of {', '.join(ACCURACY_WORKLOADS)}")
    if options.repeats < 1 or not 0 < options.scale <= 1:
        parser.error("--repeats must be at least 1 and --scale above 0 and at most 1")
    return options


class Session:
    """One run of the benchmark: who takes part, and what has failed so far."""

    def __init__(self, options: argparse.Namespace, folder: Path):
        self.options, self.folder = options, folder
        self.interpreters = dict(given.split("=", 1) for given in options.python)
        workloads = ACCURACY_WORKLOADS if options.accuracy else WORKLOADS
        chosen = options.workloads or workloads
        self.workloads = [workload for key, workload in workloads.items() if key in chosen]
        default = ("skhyp", "deephyp") if options.accuracy else tuple(MODULES)
        self.contenders = [name for name in MODULES if name in (options.contenders or default)]
        self.versions: dict[str, dict] = {}
        self.absent: dict[str, str] = {}
        self.failures: list[dict] = []
        self.limits: list[dict] = []
        self._n_logs = 0
        for contender in self.contenders:
            self._look_for(contender)

    def describe(self) -> dict:
        """Return all about this run but what it measured."""
        return {
            "machine": describe_machine(),
            "limits": self.limits,
            "scale": self.options.scale,
            "repeats": self.options.repeats,
            "workloads": [workload.key for workload in self.workloads],
            "contenders": self.contenders,
            "versions": self.versions,
            "not installed": self.absent,
            "failures": self.failures,
        }

    def measure(self) -> list[dict]:
        """Return a record for each first and each warm call of each contender and repeat."""
        records = []
        for repeat in range(self.options.repeats):
            small = {} if self.options.scale == 1 else {"size": 512, "n_bytes": 2**22}
            self.limits.append(measure_limits(**small))
            for workload in self.workloads:
                entries = self._entries(workload)
                # Nobody always follows the same neighbour.
                turn = repeat // 2 % max(1, len(entries))
                order = entries[turn:] + entries[:turn]
                order = order[:: -1 if repeat % 2 else 1]
                time_repeat = self._whole_processes if workload.whole_process else self._turns
                for record in time_repeat(workload, order, repeat):
                    show(record)
                    records.append(record)
        return records

    def train_from_seeds(self) -> list[dict]:
        """Return a record of loss or accuracy for each contender and seed."""
        records = []
        for seed in range(self.options.repeats):
            for workload in self.workloads:
                for entry in self._entries(workload):
                    with self._reporting(workload, entry, seed), self._worker(entry) as worker:
                        self._prepare(worker, workload, entry, seed)
                        seconds = worker.ask(do="run", calls=1)["seconds"]
                        quality = worker.ask(do="quality")
                        record = {**naming(workload, entry, seed), "seconds": seconds, **quality}
                        records.append(record)
                        print(record, flush=True)
        return records

    def _turns(self, workload: Workload, entries: list[Entry], repeat: int) -> list[dict]:
        """Let all prepare, then all make their first call, then all their warm calls."""
        records = []
        with contextlib.ExitStack() as stack:
            workers: dict[Entry, Worker] = {}
            for entry in entries:
                with self._reporting(workload, entry, repeat):
                    worker = stack.enter_context(self._worker(entry))
                    self._prepare(worker, workload, entry, repeat)
                    workers[entry] = worker
            for kind, calls in (("first", 1), ("warm", workload.calls)):
                for entry, worker in list(workers.items()):
                    with self._reporting(workload, entry, repeat) as outcome:
                        answer = worker.ask(do="run", calls=calls)
                        if kind == "warm" and workload.is_per_epoch:
                            answer["seconds"] /= workload.epochs
                        records.append({**naming(workload, entry, repeat), "kind": kind, **answer})
                    if not outcome:
                        del workers[entry]
        return records

    def _whole_processes(self, workload: Workload, entries: list[Entry], repeat: int) -> list[dict]:
        """Time each process from its start to its end, imports and all."""
        records = []
        for entry in entries:
            with self._reporting(workload, entry, repeat):
                foreign, started = foreign_seconds(), time.perf_counter()
                with self._worker(entry) as worker:
                    self._prepare(worker, workload, entry, repeat)
                    worker.ask(do="run", calls=1)
                seconds = time.perf_counter() - started
                others = share_of_others(foreign, seconds)
                record = {"kind": "first", "seconds": seconds, "seconds watched": seconds}
                record["cores used by others"] = others
                records.append({**naming(workload, entry, repeat), **record})
        return records

    def _entries(self, workload: Workload) -> list[Entry]:
        return [
            entry
            for entry in workload.entries
            if entry.contender in self.contenders and entry.contender not in self.absent
        ]

    def _worker(self, entry: Entry) -> Worker:
        return self._start(entry.contender)

    def _start(self, contender: str) -> Worker:
        self._n_logs += 1
        python = self.interpreters.get(contender, default_interpreter())
        log = self.folder / f"{contender}-{self._n_logs}.log"
        return Worker(python, log, self.options.timeout)

    def _prepare(self, worker: Worker, workload: Workload, entry: Entry, seed: int) -> None:
        task = workload.task(str(self.folder), seed, self.options.scale)
        worker.ask(
            do="prepare",
            module=MODULES[entry.contender],
            function=entry.function,
            task=vars(task),
        )

    def _look_for(self, contender: str) -> None:
        """Note the versions of a contender, or why it cannot take part."""
        try:
            with self._start(contender) as worker:
                answer = worker.ask(do="versions", packages=PACKAGES[contender])
        except ContenderError as error:
            self.absent[contender] = str(error)
        else:
            if "missing" in answer:
                self.absent[contender] = f"{answer['missing']} is not installed"
            else:
                self.versions[contender] = answer["versions"]
        if contender in self.absent:
            print(f"{contender} does not take part: {self.absent[contender]}", flush=True)

    @contextlib.contextmanager
    def _reporting(self, workload: Workload, entry: Entry, repeat: int):
        """Note a failure and go on; yields a list that is empty if there was one."""
        outcome: list[bool] = [True]
        try:
            yield outcome
        except ContenderError as error:
            outcome.clear()
            failure = {**naming(workload, entry, repeat), "error": str(error)}
            self.failures.append(failure)
            print(f"{workload.key}, {entry.label} failed: {error}", flush=True)


def naming(workload: Workload, entry: Entry, repeat: int) -> dict:
    return {"workload": workload.key, "contender": entry.label, "repeat": repeat}


def show(record: dict) -> None:
    peak = record.get("peak_bytes")
    memory = "" if peak is None else f", + {peak / 1e6:.0f} MB"
    if is_disturbed(record):
        memory += f" (disturbed: others kept {record['cores used by others']:.2f} cores busy)"
    print(
        f"{record['workload']}, repeat {record['repeat']}, {record['contender']}, "
        f"{record['kind']}: {record['seconds']:.4g} s{memory}",
        flush=True,
    )


if __name__ == "__main__":
    main()
