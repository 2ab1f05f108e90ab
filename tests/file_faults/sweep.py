"""The sweep: an operation, once for each of its calls of the file system, which fails or kills."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .file_calls import FAULTS, Fault, FileCalls, Kind
from .operations import Operation
from .workers import Died, Worker, is_killed_by

# At these a former result is replaced, or an error is told too late: half of a sample.
_PIVOTAL = (Kind.RENAME, Kind.REMOVE, Kind.SYNC, Kind.CLOSE_WRITTEN)
# Of names of drafts, which differ each time.
_TOKEN = re.compile(r"\.([0-9a-f]{8,}|\d+)\.")
_WHOLE = ("former", "new", "some of the new")


class Instant(NamedTuple):
    """A call, by its kind and number among these, and what befalls it."""

    fault: str
    kind: Kind
    number: int


class Outcome(NamedTuple):
    """What came of an instant."""

    instant: Instant
    resume: bool
    # The call and the path that was struck.
    struck: str
    # What was there afterwards.
    state: str
    # What is wrong with that, or with calling again.
    problems: list[str]

    def __str__(self) -> str:
        where = f"{self.instant.fault} at {self.struck}"
        return f"resume={self.resume}, {where}: {'; '.join(self.problems) or self.state}"


class _Attempts:
    """What is done by forks: an operation in a folder, as it is or struck."""

    def __init__(self, operation: Operation, calls: FileCalls, folder: Path):
        self._operation, self._calls, self._folder = operation, calls, folder

    def prepare(self) -> None:
        self._operation.prepare(self._folder)

    def write_former(self) -> None:
        self._operation.write_former(self._folder)

    def run(self, resume: bool) -> None:
        self._calls.arm()
        self._operation.run(self._folder, resume)
        self._calls.rest()

    def content(self) -> Any:
        return self._operation.content(self._folder)

    def count(self, resume: bool) -> dict[Kind, int]:
        """Return how many calls of each kind there are."""
        self._calls.arm()
        self._operation.run(self._folder, resume)
        self._calls.rest()
        return self._calls.counts()

    def struck(self, instant: Instant, resume: bool) -> tuple[str | None] | None:
        """Return what is wrong with the error, if there is an error."""
        self._calls.arm(FAULTS[instant.fault], instant.kind, instant.number)
        try:
            self._operation.run(self._folder, resume)
        except Exception as error:
            return (self._operation.problem_of(error, self._folder),)
        finally:
            self._calls.rest()
        return None


class Sweep:
    """All instants of one operation.

    ``calls`` watches ``folder``, in which ``out`` is written to; ``stored`` is a folder for copies.
    """

    def __init__(self, operation: Operation, calls: FileCalls, folder: Path, stored: Path):
        self._operation, self._calls, self._folder = operation, calls, folder
        self._out, self._start, self._struck_out = folder / "out", stored / "start", stored / "out"
        self._attempts = _Attempts(operation, calls, folder)
        self._worker = Worker(self._attempts, operation.seconds)

    def outcomes(self, sample: int | None = None, shift: float = 0.0) -> Iterator[Outcome]:
        """Yield what comes of all instants or of a sample, of so many for each ``resume``.

        ``shift``, between 0 and 1, moves a sample on to others.
        """
        try:
            self._learn()
            for resume in self._operation.resumes:
                instants = _instants(self._count(resume))
                if sample is not None:
                    instants = _sample(instants, sample, (shift + resume / 2) % 1)
                for instant in instants:
                    if (outcome := self._outcome(instant, resume)) is not None:
                        yield outcome
        finally:
            self._worker.stop()

    def _learn(self) -> None:
        """Learn what the former and the new result are, and what files they consist of."""
        for folder in (self._folder, self._start):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        self._out.mkdir()
        self._worker.call("prepare")
        self._worker.call("write_former")
        self._inputs = {p: p.read_bytes() for p in self._folder.iterdir() if p.is_file()}
        _copy(self._out, self._start)
        self._former = self._worker.call("content")
        self._worker.call("run", self._operation.resumes[0])
        self._new = self._worker.call("content")
        self._listed = _listing(self._out)
        if self._new == self._former:
            raise AssertionError(f"{self._operation.name}: nothing to tell the results apart by")

    def _count(self, resume: bool) -> dict[Kind, int]:
        _copy(self._start, self._out)
        return self._worker.call("count", resume)

    def _outcome(self, instant: Instant, resume: bool) -> Outcome | None:
        """Return what comes of an instant, ``None`` if the call did not come."""
        _copy(self._start, self._out)
        fault = FAULTS[instant.fault]
        try:
            if fault.kills:
                error = None
                if not is_killed_by(
                    self._operation.seconds, self._attempts.struck, instant, resume
                ):
                    return None
            else:
                error = self._worker.call("struck", instant, resume)
        except Died as died:
            return Outcome(instant, resume, self._what_was_struck(), "unknown", [f"BAD: {died}"])
        struck = self._what_was_struck()
        if not struck:
            return None
        try:
            state, problems = self._look(fault, error)
            _copy(self._out, self._struck_out)
            for again in {resume, *self._operation.resumes}:
                _copy(self._struck_out, self._out)
                problems += [
                    f"the next call (resume={again}): {problem}"
                    for problem in self._problems_of_the_next(again)
                ]
        except Died as died:
            state, problems = "unknown", [f"the next call: BAD: {died}"]
        return Outcome(instant, resume, struck, state, problems)

    def _what_was_struck(self) -> str:
        return _TOKEN.sub(".*.", self._calls.struck().replace(str(self._folder), ""))

    def _state(self) -> str:
        try:
            found = self._worker.call("content")
        except RuntimeError as error:
            return f"BAD: unreadable, {str(error).strip().splitlines()[-1]}"
        return self._operation.state(found, self._former, self._new)

    def _look(self, fault: Fault, error: tuple[str | None] | None) -> tuple[str, list[str]]:
        """Return which result is there, and what is wrong with it, or with the error."""
        state, problems = self._state(), []
        if state.startswith("BAD"):
            problems.append(state)
        elif state not in _WHOLE and not fault.kills:
            problems.append(f"{state} after an error, not a kill")
        if any(path.read_bytes() != content for path, content in self._inputs.items()):
            problems.append("BAD: the scene has changed")
            for path, content in self._inputs.items():
                path.write_bytes(content)
        if error is None:
            if not fault.kills and state != "new":
                problems.append("no error, though the result is not the new one")
        elif error[0] is not None:
            problems.append(_brief(error[0]))
        return state, problems

    def _problems_of_the_next(self, resume: bool) -> list[str]:
        try:
            self._worker.call("run", resume)
        except RuntimeError as error:
            return [f"fails, {_brief(str(error).strip().splitlines()[-1])}"]
        state, problems = self._state(), []
        if state != "new":
            problems.append(f"gives no new result: {state}")
        left = _listing(self._out) - self._listed
        left = {name for name in left if os.path.dirname(name) not in left}
        if left := {_TOKEN.sub(".*.", name) for name in left}:
            problems.append(f"leaves {', '.join(sorted(left))} behind")
        return problems


def _instants(counts: dict[Kind, int]) -> list[Instant]:
    return [
        Instant(name, kind, number)
        for name, fault in FAULTS.items()
        for kind in fault.kinds
        for number in range(1, counts[kind] + 1)
    ]


def _sample(instants: list[Instant], n_instants: int, shift: float) -> list[Instant]:
    """Return so many instants at equal distances, half of them pivotal ones."""
    pivotal = [instant for instant in instants if instant.kind in _PIVOTAL]
    others = [instant for instant in instants if instant.kind not in _PIVOTAL]
    return [
        group[int((i + shift) * len(group) / (n_instants / 2))]
        for group in (pivotal, others)
        for i in range(n_instants // 2)
    ]


def _copy(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)


def _listing(folder: Path) -> set[str]:
    return {os.path.relpath(path, folder) for path in folder.rglob("*")}


def _brief(text: Any) -> str:
    return text if len(text) < 240 else f"{text[:160]} ... {text[-70:]}"
