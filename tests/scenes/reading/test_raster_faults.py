"""What a disk does not give is an error, though GDAL takes it for not being there."""

import logging
import threading

import numpy as np
import pytest

from skhyp.scenes import open_scene
from skhyp.scenes.reading._raster_faults import faults_raised

from ..conftest import write_geotiff


def _say(message):
    logging.getLogger("rasterio._env").warning("CPLE_AppDefined in scene.tif: %s", message)


@pytest.mark.parametrize(
    "message",
    [
        'TIFFFetchNormalTag:IO error during reading of "GeoKeyDirectory"; tag ignored',
        "TIFFReadDirectory:Cannot read TIFF header",
    ],
)
def test_what_could_not_be_read_of_a_file_is_raised(tmp_path, message):
    with pytest.raises(OSError, match=r"Input/output error.*scene\.tif"):
        with faults_raised(tmp_path / "scene.tif"):
            _say(message)


def test_other_words_and_other_threads_do_not_matter(tmp_path):
    with faults_raised(tmp_path / "scene.tif"):
        _say("TIFFReadDirectory:Unknown field with tag 42112 encountered")
        other = threading.Thread(target=_say, args=["IO error during reading"])
        other.start()
        other.join()
    assert not logging.getLogger("rasterio").handlers or not any(
        type(handler).__module__.startswith("skhyp")
        for handler in logging.getLogger("rasterio").handlers
    )


@pytest.mark.parametrize(
    "options", [{}, {"interleave": "pixel"}, {"tiled": True, "blockxsize": 16}]
)
def test_an_index_of_blocks_that_reads_otherwise_again_is_an_error(
    cube, tmp_path, monkeypatch, options
):
    if "tiled" in options:
        options = {**options, "blockysize": 16}
    scene = open_scene(write_geotiff(tmp_path / "scene.tif", cube, **options))
    np.testing.assert_array_equal(scene.read(), cube)
    answers = iter([["8"], ["0"]])
    monkeypatch.setattr("skhyp.scenes.reading._rasters.block_index", lambda *asked: next(answers))
    with pytest.raises(OSError, match=r"Input/output error.*scene\.tif"):
        scene.read()
