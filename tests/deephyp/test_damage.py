"""Folders that are not what deephyp wrote: a clear error, never a crash or a wrong model."""

import json
import shutil

import numpy as np
import pytest

from skhyp.deephyp import load_config, load_model

SMALL = pytest.mark.parametrize("folder", ["ae_cnn_same_tied_skip"], indirect=True)
OF_EACH_KIND = pytest.mark.parametrize(
    "folder", ["ae_mlp_basic", "ae_cnn_basic", "clf_cnn_basic"], indirect=True
)


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"no file .*nowhere"):
        load_config(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"config\.json"):
        load_config(tmp_path)
    with pytest.raises(FileNotFoundError, match="has no folder named epoch_0"):
        load_model(tmp_path)


@SMALL
def test_an_epoch_that_was_not_saved_is_named_with_those_that_were(copied):
    with pytest.raises(FileNotFoundError, match="no epoch 7; saved are 0, 3"):
        load_model(copied, epoch=7)


@SMALL
@pytest.mark.parametrize("epoch", [99_999_999, 9_999_999_999, 10**20])
def test_a_folder_named_after_more_epochs_than_can_have_been_is_refused(copied, epoch):
    (copied / "epoch_3").rename(copied / f"epoch_{epoch}")
    with pytest.raises(ValueError, match=f"epoch_{epoch} is named after more epochs"):
        load_model(copied)


@SMALL
@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
def test_a_part_of_a_checkpoint_that_is_missing_is_named(copied, suffix):
    (copied / "epoch_3" / f"model.ckpt{suffix}").unlink()
    with pytest.raises(FileNotFoundError, match=f"model.ckpt{suffix}"):
        load_model(copied)


@OF_EACH_KIND
def test_each_entry_of_a_configuration_is_needed(copied, edit):
    for key in json.loads((copied / "config.json").read_text()):
        shutil.copy(copied / "config.json", copied / "whole.json")
        edit(**{key: ...})
        with pytest.raises(ValueError, match=r"config\.json"):
            load_model(copied)
        shutil.move(copied / "whole.json", copied / "config.json")
    load_model(copied)


@OF_EACH_KIND
@pytest.mark.parametrize("value", [None, -1, 0, 1.5, "many", [], [0], [[1]], {"a": 1}, 10**30])
def test_each_entry_of_a_configuration_is_checked(copied, edit, value):
    for key, right in json.loads((copied / "config.json").read_text()).items():
        if key == "weightStd" and isinstance(value, float | int):
            continue  # deephyp does not use it
        if key == "tiedWeights" and value is None:
            continue  # deephyp writes this too
        if key == "skipConnect" and value == 0:
            continue
        edit(**{key: value})
        with pytest.raises(ValueError, match=rf"config\.json.*{key}|checkpoint"):
            load_model(copied)
        edit(**{key: right})


@SMALL
def test_entries_that_deephyp_does_not_write_are_named(edit):
    with pytest.raises(ValueError, match="entries that deephyp does not write: learning_rate"):
        load_config(edit(learning_rate=0.1))


@SMALL
@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "{'a': 1}", "[" * 100_000])
def test_a_configuration_that_is_not_an_object_is_refused(copied, text):
    (copied / "config.json").write_text(text)
    with pytest.raises(ValueError, match=r"config\.json"):
        load_config(copied)


@SMALL
def test_an_entry_given_twice_is_refused(copied):
    path = copied / "config.json"
    path.write_text(path.read_text().replace('{"', '{"zDim": 3, "', 1))
    with pytest.raises(ValueError, match="zDim occurs more than once"):
        load_config(copied)


@SMALL
def test_a_file_as_large_as_a_scene_is_not_read_as_a_configuration(copied):
    (copied / "config.json").write_bytes(b" " * 2**21)
    with pytest.raises(ValueError, match="bytes: too many"):
        load_config(copied)


@OF_EACH_KIND
def test_a_checkpoint_of_another_network_says_what_was_expected_and_found(copied, edit):
    edit(inputSize=150)
    with pytest.raises(
        ValueError, match=r"does not hold the network of its configuration.*found were"
    ):
        load_model(copied)


@SMALL
def test_parameters_that_do_not_exist_or_do_not_fit_are_refused(folder):
    with pytest.raises(TypeError, match="no_such_parameter"):
        load_model(folder, no_such_parameter=1)
    with pytest.raises(ValueError, match="learning_rate"):
        load_model(folder, learning_rate=-1)
    with pytest.raises(ValueError, match="does not hold the network"):
        load_model(folder, n_components=5)


def _loaded_or_refused(folder):
    """The model, or why there is none."""
    try:
        return load_model(folder), None
    except (ValueError, FileNotFoundError) as error:
        return None, str(error)


@SMALL
@pytest.mark.parametrize("seed", range(4))
def test_bits_turned_over_in_a_checkpoint_are_noticed(copied, oracle, seed):
    expected = load_model(copied).reconstruct(oracle["X"])
    rng = np.random.default_rng(seed)
    for suffix in (".index", ".data-00000-of-00001"):
        path = copied / "epoch_3" / f"model.ckpt{suffix}"
        whole = path.read_bytes()
        for _ in range(15):
            damaged = bytearray(whole)
            damaged[rng.integers(len(whole))] ^= 1 << rng.integers(8)
            path.write_bytes(damaged)
            model, message = _loaded_or_refused(copied)
            if model is None:
                assert "epoch_3" in message
            else:
                np.testing.assert_array_equal(model.reconstruct(oracle["X"]), expected)
        path.write_bytes(whole)


@SMALL
@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
def test_a_checkpoint_cut_anywhere_is_noticed(copied, suffix):
    path = copied / "epoch_3" / f"model.ckpt{suffix}"
    whole = path.read_bytes()
    for length in np.linspace(0, len(whole) - 1, 12).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="epoch_3"):
            load_model(copied)
