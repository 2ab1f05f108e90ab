"""What callbacks hear of a training, and that nobody shares them."""

import csv
import threading

import numpy as np
import pytest
from sklearn.base import clone

from skhyp import SpectralAutoencoder, SpectralCNNClassifier, SpectralCNNRegressor
from skhyp.fitting import Callback, CSVLogger
from skhyp.fitting._checkpoint_files import CheckpointFile


class Recorder(Callback):
    """Writes down all that it hears in a list that its copies share, as a file would be."""

    def __init__(self, heard):
        self.heard = heard

    def __deepcopy__(self, memo):
        return Recorder(self.heard)

    def on_training_begin(self, estimator, n_epochs):
        self.heard.append(("begin", type(estimator).__name__, n_epochs))

    def on_epoch_end(self, epoch, losses):
        self.heard.append((epoch, losses))

    def on_training_end(self):
        self.heard.append("end")


@pytest.fixture(scope="module")
def spectra():
    return np.random.default_rng(0).uniform(0.1, 1, (60, 20)).astype(np.float32)


@pytest.fixture
def autoencoder():
    return SpectralAutoencoder(
        hidden_layer_sizes=(5,), n_components=2, max_epochs=5, batch_size=16, random_state=0
    )


def test_callbacks_hear_of_each_epoch_once_and_in_order(autoencoder, spectra):
    heard = []
    autoencoder.set_params(callbacks=[Recorder(heard)]).fit(spectra)
    assert heard[0] == ("begin", "SpectralAutoencoder", 5) and heard[-1] == "end"
    assert heard[1:-1] == [
        (epoch, {"loss": loss}) for epoch, loss in enumerate(autoencoder.loss_curve_, start=1)
    ]


def test_validation_losses_are_told_too(autoencoder, spectra):
    heard = []
    autoencoder.set_params(callbacks=[Recorder(heard)], early_stopping=True).fit(spectra)
    told = [losses["validation_loss"] for _, losses in heard[1:-1]]
    assert told == autoencoder.validation_loss_curve_


def test_epochs_go_on_counting_in_a_warm_start_and_after_resuming(autoencoder, spectra, tmp_path):
    heard = []
    autoencoder.set_params(callbacks=[Recorder(heard)], warm_start=True)
    autoencoder.fit(spectra).fit(spectra).partial_fit(spectra)
    assert [entry[0] for entry in heard if isinstance(entry[0], int)] == list(range(1, 12))
    heard.clear()
    resumable = clone(autoencoder).set_params(
        callbacks=[Recorder(heard)], checkpoint_dir=tmp_path, resume=True, warm_start=False
    )
    clone(resumable).set_params(max_epochs=3, callbacks=None).fit(spectra)
    resumable.fit(spectra)
    assert [entry[0] for entry in heard[1:-1]] == [4, 5]


def test_each_fit_has_callbacks_of_its_own(autoencoder, spectra):
    class Counter(Callback):
        n_epochs = 0

        def on_epoch_end(self, epoch, losses):
            self.n_epochs += 1
            assert self.n_epochs == epoch  # it has never heard of another fit

    callback = Counter()
    autoencoder.set_params(callbacks=[callback]).fit(spectra)
    clone(autoencoder).fit(spectra)
    autoencoder.fit(spectra)
    assert callback.n_epochs == 0


@pytest.mark.parametrize("error", [RuntimeError("full"), KeyboardInterrupt()])
def test_the_end_is_told_whatever_ends_training(autoencoder, spectra, error):
    heard = []

    class Failing(Callback):
        def on_epoch_end(self, epoch, losses):
            raise error

    autoencoder.set_params(callbacks=[Recorder(heard), Failing()])
    if isinstance(error, RuntimeError):
        with pytest.raises(RuntimeError, match="full"):
            autoencoder.fit(spectra)
        assert not hasattr(autoencoder, "parameters_")
    else:
        with pytest.warns(UserWarning, match="interrupted"):
            autoencoder.fit(spectra)
    assert heard[-1] == "end"


def test_who_has_begun_hears_of_the_end_though_another_cannot_begin(autoencoder, spectra, tmp_path):
    heard = []
    (tmp_path / "file").write_text("")
    logger = CSVLogger(tmp_path / "file" / "losses.csv")  # no folder can be made of a file
    autoencoder.set_params(callbacks=[Recorder(heard), logger, Recorder(heard)])
    with pytest.raises(OSError, match="file"):
        autoencoder.fit(spectra)
    assert heard == [("begin", "SpectralAutoencoder", 5), "end"]


def test_each_callback_hears_of_the_end_though_another_fails(autoencoder, spectra):
    heard = []

    class Failing(Callback):
        def on_training_end(self):
            raise RuntimeError("cannot close")

    autoencoder.set_params(callbacks=[Failing(), Recorder(heard)])
    with pytest.raises(RuntimeError, match="cannot close"):
        autoencoder.fit(spectra)
    assert heard[-1] == "end"


def test_what_is_no_callback_is_refused(autoencoder, spectra):
    with pytest.raises(ValueError, match=r"callbacks.*print.*without on_training_begin"):
        autoencoder.set_params(callbacks=[print]).fit(spectra)


@pytest.mark.parametrize("kind", [SpectralCNNClassifier, SpectralCNNRegressor])
def test_losses_are_logged_to_a_csv_file_that_each_fit_begins_anew(kind, spectra, tmp_path):
    path = tmp_path / "losses.csv"
    y = np.arange(len(spectra)) % 3
    network = kind(max_epochs=3, callbacks=[CSVLogger(path)], early_stopping=True, random_state=0)
    for _ in range(2):
        network.fit(spectra, y)
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
        assert [float(row["loss"]) for row in rows] == network.loss_curve_
        found = [float(row["validation_loss"]) for row in rows]
        assert found == network.validation_loss_curve_


class Died(BaseException):
    """What ends a process: nothing catches it."""


def log_of(estimator, spectra, path, **parameters):
    """Fit with a log, and return what it holds then."""
    clone(estimator).set_params(callbacks=[CSVLogger(path)], **parameters).fit(spectra)
    return path.read_bytes()


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("moment", ["before the 1st", "after the 1st", "after the 2nd", "epoch 3"])
def test_the_log_of_a_training_that_died_and_went_on_is_that_of_one_that_never_did(
    autoencoder, spectra, tmp_path, monkeypatch, moment, early_stopping
):
    autoencoder.set_params(early_stopping=early_stopping, save_epochs=2)
    expected = log_of(autoencoder, spectra, tmp_path / "expected.csv")
    path, write, n_written = tmp_path / "losses.csv", CheckpointFile.write, []

    def dying(checkpoint, target):
        if moment == f"before the {len(n_written) + 1}st":
            raise Died
        write(checkpoint, target)
        n_written.append(target)
        if moment in (f"after the {len(n_written)}st", f"after the {len(n_written)}nd"):
            raise Died

    class Dying(Callback):
        def on_epoch_end(self, epoch, losses):
            if moment == f"epoch {epoch}":
                raise Died

    resumable = clone(autoencoder).set_params(checkpoint_dir=tmp_path / "folder", resume=True)
    monkeypatch.setattr(CheckpointFile, "write", dying)
    with pytest.raises(Died):
        clone(resumable).set_params(callbacks=[CSVLogger(path), Dying()]).fit(spectra)
    monkeypatch.undo()
    for damage in (lambda: None, lambda: path.write_bytes(path.read_bytes()[:-7]), path.unlink):
        damage()
        assert log_of(resumable, spectra, path) == expected


def test_a_new_training_that_may_be_resumed_begins_a_new_log(autoencoder, spectra, tmp_path):
    path = tmp_path / "losses.csv"
    expected = log_of(autoencoder, spectra, path)
    path.write_text("epoch,loss\r\n1,0.5\r\n")
    assert log_of(autoencoder, spectra, path, checkpoint_dir=tmp_path, resume=True) == expected


def test_the_log_of_what_goes_on_has_the_epochs_before(autoencoder, spectra, tmp_path):
    path = tmp_path / "losses.csv"
    autoencoder.set_params(warm_start=True, callbacks=[CSVLogger(path)], max_epochs=2)
    autoencoder.fit(spectra).fit(spectra).partial_fit(spectra).partial_fit(spectra)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [float(row["loss"]) for row in rows] == autoencoder.loss_curve_


def test_a_log_may_lie_in_the_home_folder_and_have_further_columns(
    autoencoder, spectra, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))

    class WithRate(CSVLogger):
        def on_epoch_end(self, epoch, losses):
            super().on_epoch_end(epoch, {**losses, "rate": 0.1})

    autoencoder.set_params(callbacks=[WithRate("~/logs/losses.csv")]).fit(spectra)
    with (tmp_path / "logs" / "losses.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["rate"] for row in rows] == ["0.1"] * 5
    assert [float(row["loss"]) for row in rows] == autoencoder.loss_curve_


class _History(Recorder):
    def __deepcopy__(self, memo):
        return _History(self.heard)

    def on_former_epochs(self, history):
        self.heard.append(history)


def test_callbacks_learn_which_epochs_came_before(autoencoder, spectra, tmp_path):
    heard = []
    autoencoder.set_params(callbacks=[_History(heard)], checkpoint_dir=tmp_path, resume=True)
    clone(autoencoder).set_params(max_epochs=3).fit(spectra)
    assert heard[1] == [] and [entry[0] for entry in heard[2:-1]] == [1, 2, 3]
    heard.clear()
    autoencoder.fit(spectra)
    assert heard[1] == [{"loss": loss} for loss in autoencoder.loss_curve_[:3]]
    assert [entry[0] for entry in heard[2:-1]] == [4, 5]


@pytest.mark.parametrize("error", [RuntimeError("full"), KeyboardInterrupt()])
def test_each_epoch_is_told_to_all_though_one_of_them_fails(autoencoder, spectra, error):
    before, after = [], []

    class Failing(Callback):
        def on_epoch_end(self, epoch, losses):
            if epoch == 2:
                raise error

    autoencoder.set_params(callbacks=[Recorder(before), Failing(), Recorder(after)])
    if isinstance(error, RuntimeError):
        with pytest.raises(RuntimeError, match="full"):
            autoencoder.fit(spectra)
    else:
        with pytest.warns(UserWarning, match="interrupted"):
            autoencoder.fit(spectra)
        n_told = autoencoder.n_iter_
        assert [entry[0] for entry in after[1:-1]] == list(range(1, n_told + 1))
    assert before == after and len(after) > 3


def test_a_callback_of_ones_own_kind_needs_the_three_methods_alone(autoencoder, spectra):
    heard = []

    class Plain:
        def on_training_begin(self, estimator, n_epochs):
            heard.append(n_epochs)

        def on_epoch_end(self, epoch, losses):
            heard.append(epoch)

        def on_training_end(self):
            heard.append("end")

    autoencoder.set_params(callbacks=[Plain()], max_epochs=2).fit(spectra)
    assert heard == [2, 1, 2, "end"]


class _Holding(Callback):
    """Has what cannot be copied."""

    def __init__(self):
        self.lock = threading.Lock()

    def __repr__(self):
        return "Holding()"


def test_a_callback_that_cannot_be_copied_is_named(autoencoder, spectra):
    message = r"callbacks must hold objects that can be copied.* got Holding\(\): cannot pickle"
    with pytest.raises(ValueError, match=message):
        autoencoder.set_params(callbacks=[_Holding()]).fit(spectra)


def test_a_class_is_no_callback(autoencoder, spectra):
    with pytest.raises(ValueError, match="callbacks must hold objects, got the class CSVLogger"):
        autoencoder.set_params(callbacks=[CSVLogger]).fit(spectra)
