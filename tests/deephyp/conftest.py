"""Model folders as deephyp writes them."""

import json
import shutil

import numpy as np
import pytest


@pytest.fixture
def folder(shared_folder, request):
    """The model directory of the case, as deephyp wrote it."""
    folder = shared_folder / "oracles" / "deephyp" / request.param
    if not folder.is_dir():
        pytest.skip(f"no model of deephyp at {folder}")
    return folder


@pytest.fixture
def oracle(folder):
    """What deephyp computes of its model."""
    with np.load(folder / "oracle.npz") as arrays:
        return dict(arrays)


@pytest.fixture
def copied(folder, tmp_path):
    """A copy of the model directory, to be damaged."""
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    return copy


@pytest.fixture
def edit(copied):
    """A function that changes entries of the copy's configuration; ``...`` removes one."""

    def change(**entries):
        path = copied / "config.json"
        config = json.loads(path.read_text()) | entries
        path.write_text(json.dumps({k: v for k, v in config.items() if v is not ...}))
        return copied

    return change
