"""Reading JSON that people and programs have had their hands on."""

import json
from pathlib import Path
from typing import Any

# A description of an estimator takes a few hundred bytes; what is larger is something else.
_MAX_BYTES = 2**20


def read_json_object(path: Path) -> dict[str, Any]:
    """Return the object that a file holds.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file does not hold one JSON object whose keys are all different.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    if (n_bytes := path.stat().st_size) > _MAX_BYTES:
        raise ValueError(f"{path} has {n_bytes} bytes: too many for the description of a model.")
    try:
        content = json.loads(path.read_bytes(), object_pairs_hook=_refusing_repeats)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not readable as JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold a JSON object, got a {type(content).__name__}.")
    return content


def _refusing_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"{', '.join(repeated)} occurs more than once.")
    return content
