"""Trainings that end too early, go on, and end as if nothing had happened."""

import copy
import errno
import hashlib
import io
import os
import signal
from fractions import Fraction

import numpy as np
import pytest
from sklearn.base import clone

from skhyp import (
    SpectralAutoencoder,
    SpectralCNNClassifier,
    SpectralCNNRegressor,
    SpectralUnmixer,
)
from skhyp.fitting import Callback, CSVLogger, load_model, saved_epochs
from skhyp.fitting._checkpoint_files import MAGIC, CheckpointFile
from skhyp.graph import epochs, kernels
from skhyp.spectra import Spectra

SMALL = {"max_epochs": 6, "batch_size": 16, "random_state": 0, "save_epochs": 2}
AUTOENCODER = SpectralAutoencoder(hidden_layer_sizes=(8,), n_components=3, **SMALL)
CLASSIFIER = SpectralCNNClassifier(n_filters=(4,), kernel_sizes=5, dense_layer_sizes=(8,), **SMALL)
REGRESSOR = SpectralCNNRegressor(
    n_filters=(4,),
    kernel_sizes=5,
    dense_layer_sizes=(8,),
    learning_rate_schedule="constant",
    **SMALL,
)
ESTIMATORS = {
    "autoencoder": AUTOENCODER,
    "sgd": clone(AUTOENCODER).set_params(optimizer="sgd", learning_rate_schedule="exponential"),
    "conv": clone(AUTOENCODER).set_params(
        architecture="conv", n_filters=(3,), kernel_sizes=5, loss="sid"
    ),
    "stopping": clone(AUTOENCODER).set_params(early_stopping=True, learning_rate=0.05, patience=2),
    "unmixer": SpectralUnmixer(n_endmembers=3, learning_rate_schedule="constant", **SMALL),
    "classifier": CLASSIFIER,
    "dropout": clone(CLASSIFIER).set_params(dropout=0.3, class_weight="balanced"),
    "stopping classifier": clone(CLASSIFIER).set_params(early_stopping=True, patience=3),
    "regressor": REGRESSOR,
    "stopping regressor": clone(REGRESSOR).set_params(
        early_stopping=True, patience=3, dropout=0.3, loss="quantile", quantile=0.8
    ),
}
of_all = pytest.mark.parametrize("name", ESTIMATORS)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    endmembers = rng.uniform(0.1, 1, (3, 30))
    y = rng.integers(0, 3, 90)
    X = endmembers[y] * rng.uniform(0.5, 1, (90, 1)) + rng.normal(0, 0.02, (90, 30))
    return X.astype(np.float32), np.array(["ash", "elm", "oak"])[y]


def values_of(X):
    """Return two values of each spectrum, in units of their own."""
    return np.c_[10 * X[:, 3], 1000 - X[:, 7]].astype(np.float64)


def fitted(name, data, **parameters):
    X, y = data
    y = values_of(np.asarray(X)) if name.endswith("regressor") else y
    return clone(ESTIMATORS[name]).set_params(**parameters).fit(X, y)


def assert_same_model(one, other):
    for attribute in ("parameters_", "statistics_", "loss_curve_", "validation_loss_curve_"):
        np.testing.assert_array_equal(getattr(one, attribute), getattr(other, attribute))
    assert one.n_iter_ == other.n_iter_ and one.seed_ == other.seed_
    assert one.architecture_ == other.architecture_


@of_all
def test_checkpoints_do_not_change_a_training(name, data, tmp_path):
    plain = fitted(name, data)
    assert_same_model(fitted(name, data, checkpoint_dir=tmp_path), plain)
    saved = saved_epochs(tmp_path)
    assert saved[-1] == plain.n_iter_
    assert saved[:-1] == [epoch for epoch in (2, 4) if epoch < plain.n_iter_]


@of_all
@pytest.mark.parametrize("epochs", [2, 4, 5])
def test_a_training_cut_short_goes_on_to_the_same_bits(name, data, tmp_path, epochs):
    whole = fitted(name, data)
    fitted(name, data, checkpoint_dir=tmp_path, max_epochs=epochs)
    assert_same_model(fitted(name, data, checkpoint_dir=tmp_path, resume=True), whole)


class _InterruptedAfter(Callback):
    def __init__(self, last):
        self.last = last

    def on_epoch_end(self, epoch, losses):
        if epoch == self.last:
            raise KeyboardInterrupt


def test_a_schedule_that_ends_with_the_last_epoch_is_resumed_up_to_that_one_alone(data, tmp_path):
    cosine = {"learning_rate_schedule": "cosine", "checkpoint_dir": tmp_path}
    # The checkpoint is written before the callback hears of the epoch.
    with pytest.warns(UserWarning, match="interrupted"):
        fitted("autoencoder", data, callbacks=[_InterruptedAfter(4)], **cosine)
    assert max(saved_epochs(tmp_path)) < 6
    with pytest.raises(ValueError, match=r"max_epochs \(6 there, 8 here\)"):
        fitted("autoencoder", data, resume=True, max_epochs=8, **cosine)
    whole = fitted("autoencoder", data, learning_rate_schedule="cosine")
    assert_same_model(fitted("autoencoder", data, resume=True, **cosine), whole)


def test_more_epochs_that_take_other_kernels_change_a_training_by_rounding(
    data, tmp_path, monkeypatch
):
    chosen = []

    def noting(*arguments):
        chosen.append(kernels.choose_kernels(*arguments))
        return chosen[-1]

    monkeypatch.setattr(epochs, "choose_kernels", noting)
    # XLA pays from five epochs on.
    n_updates, seconds = 6 * 5, kernels._SECONDS_PER_UPDATE
    monkeypatch.setattr(
        kernels,
        "_XLA_SECONDS",
        kernels._FITS_PER_PROCESS * n_updates * kernels._XLA_SAVES_DENSE * seconds,
    )
    whole = fitted("autoencoder", data)
    fitted("autoencoder", data, checkpoint_dir=tmp_path, max_epochs=4)
    resumed = fitted("autoencoder", data, checkpoint_dir=tmp_path, resume=True)
    assert [its.uses_xla for its in chosen] == [True, False, True]
    assert resumed.n_iter_ == whole.n_iter_ and resumed.seed_ == whole.seed_
    np.testing.assert_allclose(resumed.parameters_, whole.parameters_, rtol=1e-3, atol=1e-5)


@of_all
def test_resuming_a_training_that_has_ended_gives_its_model(name, data, tmp_path):
    whole = fitted(name, data, checkpoint_dir=tmp_path)
    files = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert_same_model(fitted(name, data, checkpoint_dir=tmp_path, resume=True), whole)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files


@of_all
def test_models_of_several_epochs_are_loaded_side_by_side(name, data, tmp_path):
    whole = fitted(name, data, checkpoint_dir=tmp_path, save_epochs=(1, 3))
    models = {epoch: load_model(tmp_path, epoch) for epoch in saved_epochs(tmp_path)}
    assert_same_model(load_model(tmp_path), whole)
    functions = ("transform", "predict_proba", "predict")
    function = next(function for function in functions if hasattr(whole, function))
    outputs = {epoch: getattr(m, function)(data[0]) for epoch, m in models.items()}
    np.testing.assert_array_equal(outputs[whole.n_iter_], getattr(whole, function)(data[0]))
    assert not np.array_equal(outputs[1], outputs[3])
    if hasattr(whole, "classes_"):
        np.testing.assert_array_equal(models[1].classes_, whole.classes_)
        assert set(models[1].predict(data[0])) <= set(whole.classes_)
    assert models[1].get_params()["batch_size"] == whole.get_params()["batch_size"]


def test_a_folder_with_another_training_is_refused(data, tmp_path):
    fitted("autoencoder", data, checkpoint_dir=tmp_path)
    with pytest.raises(ValueError, match="has checkpoints of a training already"):
        fitted("autoencoder", data, checkpoint_dir=tmp_path)
    for parameters, message in [
        ({"learning_rate": 0.5}, r"learning_rate \(0.001 there, 0.5 here\)"),
        ({"n_components": 2}, "n_components"),
    ]:
        with pytest.raises(ValueError, match=message):
            fitted("autoencoder", data, checkpoint_dir=tmp_path, resume=True, **parameters)
    with pytest.raises(ValueError, match="these differ: data"):
        fitted("autoencoder", (data[0] * 2, None), checkpoint_dir=tmp_path, resume=True)
    with pytest.raises(ValueError, match="these differ: estimator"):
        fitted("classifier", data, checkpoint_dir=tmp_path, resume=True)


def test_resume_needs_a_folder_but_not_a_checkpoint(data, tmp_path):
    with pytest.raises(ValueError, match="resume=True needs checkpoint_dir"):
        fitted("autoencoder", data, resume=True)
    folder = tmp_path / "new" / "folder"
    assert fitted("autoencoder", data, checkpoint_dir=folder, resume=True).n_iter_ == 6
    assert saved_epochs(folder) == [2, 4, 6]


@pytest.mark.parametrize("save_epochs", [(0,), (2, -1), (1.5,), ("2",)])
def test_epochs_to_save_are_checked_before_training(data, tmp_path, save_epochs):
    with pytest.raises(ValueError, match="save_epochs must be an integer of at least 1"):
        fitted("autoencoder", data, checkpoint_dir=tmp_path, save_epochs=save_epochs)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_refused_before_training(data, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"checkpoint_dir=.*cannot be written to"):
        fitted("autoencoder", data, checkpoint_dir=tmp_path / "file")


def test_a_full_disk_ends_training_and_leaves_the_checkpoints_before(data, tmp_path, monkeypatch):
    replace, calls = os.replace, []

    def fail_at_the_second(*paths):
        calls.append(paths)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(*paths)

    monkeypatch.setattr(os, "replace", fail_at_the_second)
    with pytest.raises(OSError, match=r"No space left on device.*resume=True"):
        fitted("autoencoder", data, checkpoint_dir=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["epoch_000002.ckpt"]
    monkeypatch.undo()
    resumed = fitted("autoencoder", data, checkpoint_dir=tmp_path, resume=True)
    assert_same_model(resumed, fitted("autoencoder", data))


@pytest.mark.parametrize("n_bytes", [0, 1, 18, 19, 50, 51, 200, 3000, -1])
def test_a_checkpoint_cut_anywhere_is_refused(data, tmp_path, n_bytes):
    fitted("classifier", data, checkpoint_dir=tmp_path)
    path = tmp_path / "epoch_000006.ckpt"
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(ValueError, match=r"epoch_000006\.ckpt"):
        load_model(tmp_path)
    with pytest.raises(ValueError, match=r"epoch_000006\.ckpt"):
        fitted("classifier", data, checkpoint_dir=tmp_path, resume=True)
    assert load_model(tmp_path, 4).n_iter_ == 4


@pytest.mark.parametrize("seed", range(5))
def test_a_bit_turned_over_anywhere_is_noticed(data, tmp_path, seed):
    fitted("autoencoder", data, checkpoint_dir=tmp_path)
    path = tmp_path / "epoch_000006.ckpt"
    whole, rng = path.read_bytes(), np.random.default_rng(seed)
    for _ in range(40):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"epoch_000006\.ckpt"):
            load_model(tmp_path)


def _rename(path):
    path.rename(path.with_name("epoch_000100.ckpt"))


def _forge(path, change):
    """Change what a checkpoint says, with the check sum that goes with it."""
    checkpoint = CheckpointFile.read(path)
    change(*checkpoint)
    checkpoint.write(path)


def _compress(path):
    archive = io.BytesIO()
    np.savez_compressed(archive, **CheckpointFile.read(path).arrays, description=np.zeros(9))
    content = archive.getvalue()
    path.write_bytes(MAGIC + hashlib.sha256(content).digest() + content)


class _Touch:
    """What a pickle would run."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def _pickle(path):
    archive = io.BytesIO()
    objects = np.array([_Touch(path.with_name("touched"))], dtype=object)
    np.savez(archive, description=objects)
    content = archive.getvalue()
    path.write_bytes(MAGIC + hashlib.sha256(content).digest() + content)


FORGERIES = {
    "another name": _rename,
    "compressed arrays": _compress,
    "a pickle": _pickle,
    "no parameters": lambda path: _forge(path, lambda _, arrays: arrays.pop("parameters_")),
    "too few parameters": lambda path: _forge(
        path, lambda _, arrays: arrays.update(parameters_=arrays["parameters_"][:-1])
    ),
    "NaN": lambda path: _forge(path, lambda _, arrays: arrays["parameters_"].fill(np.nan)),
    "moments of another shape": lambda path: _forge(
        path, lambda _, arrays: arrays.update(latest_moments=np.zeros((2, 3), np.float32))
    ),
    "another network": lambda path: _forge(
        path,
        lambda description, _: description["fitted"]["architecture_"].update(n_components=0),
    ),
    "a method as an attribute": lambda path: _forge(
        path, lambda description, _: description["fitted"].update(transform="gone")
    ),
    "a parameter that is not allowed": lambda path: _forge(
        path, lambda description, _: description["config"].update(learning_rate=-1)
    ),
    "no identity": lambda path: _forge(path, lambda description, _: description.pop("identity")),
    "losses of another training": lambda path: _forge(
        path, lambda _, arrays: arrays.update(loss_curve_=np.zeros(99))
    ),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_checkpoint_is_refused_by_its_name_and_runs_nothing(data, tmp_path, forge):
    fitted("autoencoder", data, checkpoint_dir=tmp_path)
    forge(tmp_path / "epoch_000006.ckpt")
    path = max(tmp_path.glob("epoch_*"))
    with pytest.raises(ValueError, match=path.name):
        load_model(tmp_path)
    with pytest.raises(ValueError, match=rf"{path.name}.* Delete it to go on from epoch 4"):
        fitted("autoencoder", data, checkpoint_dir=tmp_path, resume=True, max_epochs=8)
    assert not (tmp_path / "touched").exists()
    path.unlink()
    again = fitted("autoencoder", data, checkpoint_dir=tmp_path, resume=True)
    assert_same_model(again, fitted("autoencoder", data))


def test_an_epoch_or_a_folder_that_is_not_there_is_named(data, tmp_path):
    with pytest.raises(FileNotFoundError, match="has no checkpoints"):
        load_model(tmp_path)
    fitted("autoencoder", data, checkpoint_dir=tmp_path)
    with pytest.raises(FileNotFoundError, match="no checkpoint of epoch 3; saved are 2, 4, 6"):
        load_model(tmp_path, 3)


TRAINING = """
import os, signal, sys
import numpy as np
from skhyp import SpectralAutoencoder
from skhyp.fitting import Callback, CSVLogger

def be_killed():
    os.kill(os.getpid(), signal.SIGKILL)

class KilledAfter(Callback):
    def __init__(self, last):
        self.last = last

    def on_epoch_end(self, epoch, losses):
        if epoch == self.last:
            be_killed()

def killed_at(n, sync):
    n_calls = 0

    def counted(file):
        nonlocal n_calls
        n_calls += 1
        if n_calls == n:
            be_killed()
        sync(file)

    return counted

moment, n = sys.argv[4], int(sys.argv[5])
if moment == "while a checkpoint is written":
    os.fsync = killed_at(n, os.fsync)
SpectralAutoencoder(
    hidden_layer_sizes=(8,), n_components=3, max_epochs=20, batch_size=16, random_state=0,
    save_epochs=1, checkpoint_dir=sys.argv[2], resume=True,
    callbacks=[CSVLogger(sys.argv[3]), *[KilledAfter(n)] * (moment == "after an epoch")],
).fit(np.load(sys.argv[1]))
"""


def test_a_training_that_is_killed_again_and_again_ends_with_the_same_weights(
    data, tmp_path, run_forked
):
    X, _ = data
    np.save(tmp_path / "X.npy", X)
    folder, saved = tmp_path / "checkpoints", [0]
    log, whole_log = tmp_path / "losses.csv", tmp_path / "whole.csv"
    for moment, n in (("while a checkpoint is written", 8), ("after an epoch", 14)):
        killed = run_forked(TRAINING, tmp_path / "X.npy", folder, log, moment, n)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        saved.append(max(saved_epochs(folder)))
    assert 0 < saved[1] < saved[2] < 20
    parameters = {"max_epochs": 20, "save_epochs": 1}
    resumed = clone(AUTOENCODER).set_params(checkpoint_dir=folder, resume=True, **parameters)
    heard = _Hears()
    resumed.set_params(callbacks=[CSVLogger(log), heard])
    parameters["callbacks"] = [CSVLogger(whole_log)]
    whole = clone(AUTOENCODER).set_params(**parameters).fit(X)
    assert_same_model(resumed.fit(X), whole)
    assert heard.epochs == list(range(saved[-1] + 1, 21))  # anew, it would have the same weights
    assert_same_model(load_model(folder), whole)
    assert log.read_bytes() == whole_log.read_bytes()


class _Hears(Callback):
    """Keeps the epochs that it hears of."""

    def __init__(self):
        self.epochs = []

    def __deepcopy__(self, memo):
        return self

    def on_epoch_end(self, epoch, losses):
        self.epochs.append(epoch)


class _Begins(Callback):
    """Begins another training in the middle of one."""

    def __init__(self, other, data, errors):
        self.begin, self.errors = lambda: other.fit(data[0]), errors

    def __deepcopy__(self, memo):
        return self

    def on_epoch_end(self, epoch, losses):
        with pytest.raises(ValueError, match="is that of a training that runs now") as raised:
            self.begin()
        self.errors.append(raised.value)


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_is_that_of_one_training_at_a_time(data, tmp_path, resume):
    errors = []
    other = clone(AUTOENCODER).set_params(checkpoint_dir=tmp_path, resume=resume)
    callback = _Begins(other, data, errors)
    one = fitted("autoencoder", data, checkpoint_dir=tmp_path, callbacks=[callback])
    assert len(errors) == 6 and not hasattr(other, "parameters_")
    assert_same_model(one, fitted("autoencoder", data))
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        f"epoch_00000{epoch}.ckpt" for epoch in (2, 4, 6)
    ]


def test_a_folder_locked_by_another_process_is_refused(data, tmp_path):
    fcntl = pytest.importorskip("fcntl")  # Windows has no such locks
    with (tmp_path / ".lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ValueError, match="is that of a training that runs now"):
            fitted("autoencoder", data, checkpoint_dir=tmp_path)
    # One that was killed leaves the file, but holds it no longer.
    assert fitted("autoencoder", data, checkpoint_dir=tmp_path).n_iter_ == 6
    assert not (tmp_path / ".lock").exists()


def test_links_that_others_have_put_into_the_folder_are_not_followed(data, tmp_path):
    target, folder = tmp_path / "target", tmp_path / "folder"
    folder.mkdir()
    target.write_text("former")
    (folder / f".{os.getpid()}.part").symlink_to(target)
    (folder / "epoch_000002.ckpt").symlink_to(tmp_path / "new")
    fitted("autoencoder", data, checkpoint_dir=folder)
    assert target.read_text() == "former" and not (tmp_path / "new").exists()
    assert saved_epochs(folder) == [2, 4, 6]
    (folder / ".lock").symlink_to(tmp_path / "new")
    with pytest.raises(ValueError, match="cannot be written to"):
        fitted("autoencoder", data, checkpoint_dir=folder, resume=True)
    assert not (tmp_path / "new").exists()


def test_the_home_folder_has_its_short_name(data, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    whole = fitted("autoencoder", data, checkpoint_dir="~/runs/1")
    assert saved_epochs(tmp_path / "runs" / "1") == saved_epochs("~/runs/1") == [2, 4, 6]
    assert_same_model(load_model("~/runs/1"), whole)


@pytest.mark.parametrize("change", ["another seed", "more epochs", "other moments"])
def test_a_warm_start_is_resumed_from_the_former_model_alone(data, tmp_path, change):
    X, _ = data
    former = clone(AUTOENCODER).set_params(warm_start=True).fit(X)
    parameters = {"checkpoint_dir": tmp_path, "resume": True}
    whole = copy.deepcopy(former).fit(X)
    copy.deepcopy(former).set_params(max_epochs=3, **parameters).fit(X)
    assert_same_model(copy.deepcopy(former).set_params(**parameters).fit(X), whole)
    other = copy.deepcopy(former)
    if change == "other moments":
        other._moments = other._moments * 2
    else:
        seed, n_epochs = (1, 6) if change == "another seed" else (0, 7)
        other = clone(AUTOENCODER).set_params(warm_start=True, random_state=seed)
        other.set_params(max_epochs=n_epochs).fit(X)
    with pytest.raises(ValueError, match="the fitted state that warm_start goes on from"):
        other.set_params(random_state=0, max_epochs=6, **parameters).fit(X)


_JUNK = [
    None, True, -1, 0, 2**31, 2**70, 1.5, float("nan"), "", "x", [], [1], {}, {"a": 1}, [[1]],
    {"objects": [1, 2]}, {"float": "nan"},
]  # fmt: skip


def _places(value, place=()):
    """Return where there is something in a value of JSON."""
    keys = range(len(value)) if isinstance(value, list) else value
    inner = keys if isinstance(value, list | dict) else ()
    return [place] * bool(place) + [p for key in inner for p in _places(value[key], (*place, key))]


def _mutated_arrays(array):
    yield array[..., np.newaxis]
    yield array.ravel()[:-1]
    yield np.array("text")
    yield array.astype(np.complex128) if array.dtype.kind == "f" else np.zeros(3)
    yield np.full_like(array, np.nan) if array.dtype.kind == "f" else np.zeros((0,))


@pytest.mark.parametrize("name", ["autoencoder", "stopping classifier", "regressor"])
def test_whatever_is_forged_is_refused_by_the_name_of_the_file_or_does_no_harm(
    name, data, tmp_path
):
    fitted(name, data, checkpoint_dir=tmp_path, max_epochs=2)
    (path,) = tmp_path.glob("epoch_*")
    whole, rng = CheckpointFile.read(path), np.random.default_rng(0)
    places, n_refused = _places(whole.description), 0

    def refused(action):
        try:
            action()
        except ValueError as error:
            message = str(error)
        else:
            return False
        assert path.name in message
        return True

    def forged():
        for place in rng.permutation(len(places))[:40]:
            description = copy.deepcopy(whole.description)
            *outer, last = places[place]
            holder = description
            for key in outer:
                holder = holder[key]
            holder[last] = _JUNK[rng.integers(len(_JUNK))]
            yield description, whole.arrays
            del holder[last]
            yield description, whole.arrays
        for key, array in whole.arrays.items():
            for other in _mutated_arrays(array):
                yield whole.description, {**whole.arrays, key: other}
            yield whole.description, {k: v for k, v in whole.arrays.items() if k != key}

    for description, arrays in forged():
        CheckpointFile(description, arrays).write(path)
        n_refused += refused(lambda: load_model(tmp_path))
        # Not trained on: all that a checkpoint holds is looked at before.
        n_refused += refused(
            lambda: fitted(name, data, checkpoint_dir=tmp_path, resume=True, max_epochs=2)
        )
    assert n_refused > 120


@pytest.mark.parametrize(
    "labels", [np.array([0, 1, 2]).astype(str), ["0", "1", "2"], [0.0, 1.0, 2.0], [False, True]]
)
def test_a_training_on_other_labels_is_not_resumed(data, tmp_path, labels):
    X, y = data[0], np.unique(data[1], return_inverse=True)[1]
    y = y % len(labels)
    fitted("classifier", (X, y), checkpoint_dir=tmp_path)
    with pytest.raises(ValueError, match="of another training; these differ: data"):
        fitted("classifier", (X, np.array(labels)[y]), checkpoint_dir=tmp_path, resume=True)


def test_a_training_of_other_values_or_of_another_quantile_is_not_resumed(data, tmp_path):
    X, regressor = data[0], clone(REGRESSOR).set_params(loss="quantile", checkpoint_dir=tmp_path)
    y = values_of(X)
    whole = clone(regressor).fit(X, y)
    assert_same_model(
        clone(regressor).set_params(resume=True).fit(X, y.astype(np.longdouble)), whole
    )
    for values in (y[:, 0], y[:, :1], np.nextafter(y, np.inf)):
        with pytest.raises(ValueError, match="of another training; these differ: data"):
            clone(regressor).set_params(resume=True).fit(X, values)
    for changed in ({"quantile": 0.6}, {"loss": "huber"}):
        (name,) = changed
        with pytest.raises(ValueError, match=rf"{name} \(.* there, .* here\)"):
            clone(regressor).set_params(resume=True, **changed).fit(X, y)


@pytest.mark.parametrize("n_axes", [1, 2])
def test_the_form_of_y_is_kept_and_no_other_is_forged(data, tmp_path, n_axes):
    X = data[0]
    y = values_of(X)[:, 0] if n_axes == 1 else values_of(X)
    regressor = clone(REGRESSOR).set_params(checkpoint_dir=tmp_path).fit(X, y)
    loaded = load_model(tmp_path)
    assert type(loaded) is SpectralCNNRegressor and loaded.target_ndim_ == n_axes
    np.testing.assert_array_equal(loaded.predict(X), regressor.predict(X))
    path, forged = max(tmp_path.glob("epoch_*")), {1: [0, 3, "1", True, None], 2: [0, 1, 3, 2.0]}
    for other in forged[n_axes]:
        _forge(path, lambda it, _, other=other: it["fitted"].update(target_ndim_=other))
        with pytest.raises(ValueError, match=rf"{path.name}.*target_ndim_ must be an integer"):
            load_model(tmp_path)
    _forge(path, lambda it, _: it["fitted"].pop("target_ndim_"))
    with pytest.raises(ValueError, match=path.name):
        load_model(tmp_path)


@pytest.mark.parametrize("are_known", [False, True])
@pytest.mark.parametrize("name", ["autoencoder", "classifier"])
def test_a_training_on_equal_numbers_of_other_bands_is_not_resumed(name, data, tmp_path, are_known):
    X, y = data
    known = Spectra(X, np.linspace(400, 900, X.shape[1]))
    fitted(name, (known, y), max_epochs=2, checkpoint_dir=tmp_path)
    others = Spectra(X, np.linspace(401, 901, X.shape[1])) if are_known else X
    with pytest.raises(
        ValueError, match=r"these differ: the wavelengths that the data know\. Give each training"
    ):
        fitted(name, (others, y), max_epochs=3, checkpoint_dir=tmp_path, resume=True)
    again = fitted(name, (known, y), max_epochs=3, checkpoint_dir=tmp_path, resume=True)
    np.testing.assert_array_equal(again.wavelengths_, known.wavelengths)


def test_a_training_on_the_same_labels_of_another_width_is_resumed(data, tmp_path):
    X, y = data[0], np.unique(data[1], return_inverse=True)[1]
    whole = fitted("classifier", (X, y), checkpoint_dir=tmp_path)
    same = (X, y.astype(np.int8))
    assert_same_model(fitted("classifier", same, checkpoint_dir=tmp_path, resume=True), whole)


def test_numbers_of_other_types_are_kept_as_those_that_are_computed_with(data, tmp_path):
    numbers = {
        "learning_rate": Fraction(1, 4),
        "weight_decay": np.longdouble(0.5),
        "save_epochs": range(2, 4),
    }
    fitted("autoencoder", data, checkpoint_dir=tmp_path, **numbers)
    model = load_model(tmp_path, 3)
    assert (model.learning_rate, model.weight_decay) == (0.25, 0.5)
    assert saved_epochs(tmp_path) == [2, 3, 6]


def test_a_parameter_that_no_checkpoint_can_hold_is_named(data, tmp_path):
    state = {"random_state": np.random.RandomState(0), "checkpoint_dir": tmp_path}
    with pytest.raises(ValueError, match=r"checkpoint_dir asks for.*an int for random_state"):
        fitted("autoencoder", data, **state)


@pytest.mark.parametrize(
    ("path", "message"), [("~no such user/x", "no such home folder"), ("x\0y", "null character")]
)
def test_a_path_that_cannot_be_one_is_refused_by_name(data, path, message):
    uses = {
        "checkpoint_dir": lambda: fitted("autoencoder", data, checkpoint_dir=path),
        "folder": lambda: load_model(path),
        "path": lambda: fitted("autoencoder", data, callbacks=[CSVLogger(path)]),
        "config": lambda: SpectralAutoencoder.from_config(path),
    }
    for name, use in uses.items():
        with pytest.raises(ValueError, match=f"^{name}=.*{message}"):
            use()


@of_all
def test_an_interruption_after_the_last_epoch_loses_nothing(name, data, monkeypatch):
    look, interrupted = epochs.StateCheck.__call__, []

    def look_at(check, milestone):
        if not interrupted:
            interrupted.append(milestone)
            raise KeyboardInterrupt
        look(check, milestone)

    whole = fitted(name, data)
    monkeypatch.setattr(epochs.StateCheck, "__call__", look_at)
    with pytest.warns(UserWarning, match="interrupted after"):
        assert_same_model(fitted(name, data), whole)


def test_a_checkpoint_of_another_version_is_not_called_damaged(data, tmp_path):
    fitted("autoencoder", data, checkpoint_dir=tmp_path)
    path = tmp_path / "epoch_000006.ckpt"
    path.write_bytes(b"skhyp checkpoint 1\n" + path.read_bytes()[len(MAGIC) :])
    for use in (
        lambda: load_model(tmp_path),
        lambda: fitted("autoencoder", data, checkpoint_dir=tmp_path, resume=True),
    ):
        with pytest.raises(ValueError, match=r"of another version of skhyp") as refused:
            use()
        assert "Delete" not in str(refused.value)


def test_a_training_is_not_resumed_for_fewer_epochs_than_it_has_had(data, tmp_path):
    fitted("autoencoder", data, checkpoint_dir=tmp_path)
    with pytest.raises(ValueError, match=r"max_epochs=4 .* has had 6"):
        fitted("autoencoder", data, checkpoint_dir=tmp_path, resume=True, max_epochs=4)
    assert load_model(tmp_path, 4).n_iter_ == 4
