"""Processes that are forked to try something, and may be killed by it."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any

_FORK = multiprocessing.get_context("fork")


class Died(Exception):
    """The worker ended, or did not answer in time."""


class Worker:
    """A fork that calls methods of an object; after its end, the next call is of a new one."""

    def __init__(self, called: Any, seconds: float):
        self._called, self._seconds, self._process = called, seconds, None

    def call(self, method: str, *arguments: Any) -> Any:
        """Return what a method returns there; errors of its own are errors here."""
        if self._process is None:
            self._connection, theirs = _FORK.Pipe()
            self._process = _FORK.Process(target=_serve, args=(self._called, theirs), daemon=True)
            self._process.start()
            theirs.close()
        self._connection.send((method, arguments))
        ready = wait([self._connection, self._process.sentinel], self._seconds)
        if self._connection not in ready:
            self.stop()
            raise Died("the process ended" if ready else f"no answer in {self._seconds:g} seconds")
        succeeded, result = self._connection.recv()
        if not succeeded:
            raise RuntimeError(result)
        return result

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._connection.close()
            self._process = None


def _serve(called: Any, connection: Connection) -> None:
    while True:
        method, arguments = connection.recv()
        try:
            answer = (True, getattr(called, method)(*arguments))
        except Exception:
            answer = (False, traceback.format_exc())
        connection.send(answer)


def is_killed_by(seconds: float, function: Callable, *arguments: Any) -> bool:
    """Call a function in a fork of its own; return whether that was killed."""
    process = _FORK.Process(target=function, args=arguments, daemon=True)
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise Died(f"no end in {seconds:g} seconds")
    return process.exitcode < 0
