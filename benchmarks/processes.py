"""The parent's side of a contender's process."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

FOLDER = Path(__file__).resolve().parent
LOG_CHARACTERS = 2000


class ContenderError(RuntimeError):
    """A contender could not do what it was asked; the text says why."""


class Worker:
    """A fresh process of a contender.

    Parameters
    ----------
    python : str
        The interpreter.
    log : Path
        The file that gets everything that the contender prints.
    timeout : float
        Seconds after which a request counts as failed.
    """

    def __init__(self, python: str, log: Path, timeout: float):
        self._log, self._timeout = log, timeout
        paths = [str(FOLDER), str(FOLDER.parent), os.environ.get("PYTHONPATH", "")]
        environment = {
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "KERAS_BACKEND": "tensorflow",
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        }
        with log.open("ab") as log_file:
            try:
                self._process = subprocess.Popen(
                    [python, str(FOLDER / "worker.py")],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log_file,
                    env=environment,
                    text=True,
                )
            except OSError as error:
                raise ContenderError(f"{python} cannot be started: {error}") from error

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._process.kill()
        self.close()

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and return its answer."""
        timer = threading.Timer(self._timeout, self._process.kill)
        timer.start()
        try:
            print(json.dumps(request), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if not line:
            raise ContenderError(self._last_words())
        answer = json.loads(line)
        if "error" in answer:
            raise ContenderError(answer["error"])
        return answer

    def close(self) -> None:
        """Let the process end and wait for it."""
        self._process.communicate()

    def _last_words(self) -> str:
        status = self._process.wait()
        text = self._log.read_text(errors="replace")[-LOG_CHARACTERS:].strip()
        reason = f"killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return f"{reason} (at most {self._timeout:g} s are allowed); it wrote: {text or 'nothing'}"


def default_interpreter() -> str:
    """Return the interpreter of contenders that were given none."""
    return sys.executable
