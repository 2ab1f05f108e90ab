"""``skhyp apply model.joblib scene.hdr map.tif``: scenes and maps from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skhyp import __version__

if TYPE_CHECKING:
    from skhyp.scenes import Scene

# What stands for the name of each scene in the name of its map.
_NAME = "{name}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        print(f"skhyp: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="skhyp", description="Hyperspectral scenes and scikit-learn estimators."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    info = commands.add_parser(
        "info", help="say what is known of a scene", description="Say what is known of a scene."
    )
    info.add_argument("scenes", nargs="+", metavar="scene", help="a file")
    info.add_argument("--variable", help="of a file with several: HDF5, .nc, .mat or .zarr")
    info.set_defaults(run=_info)
    command = commands.add_parser(
        "apply",
        help="apply a fitted estimator to a scene",
        description="Apply a fitted estimator to every pixel of a scene, block by block.",
    )
    command.add_argument(
        "model", help="a file of joblib.dump; loading it runs what is in it, so trust its source"
    )
    command.add_argument(
        "scenes",
        nargs="+",
        metavar="scene",
        help="ENVI (.hdr), GeoTIFF, HDF5, .nc, .mat, .npy or .zarr; several are tiles of one map, "
        f"or have a map each where its name has {_NAME}",
    )
    command.add_argument(
        "out",
        help=f"the map: .tif, .hdr (ENVI), .zarr or .npy; maps/{_NAME}.tif is one for each scene",
    )
    command.add_argument(
        "--method", default="predict", help="of the estimator, such as predict_proba (%(default)s)"
    )
    command.add_argument(
        "--class-names", nargs="+", metavar="LABEL=NAME", help="what classes are called in the map"
    )
    command.add_argument(
        "--long-name", nargs="+", metavar="NAME", help="of the values, one for each target"
    )
    command.add_argument(
        "--units", nargs="+", metavar="UNIT", help="of the values, one for all or for each target"
    )
    command.add_argument(
        "--smoothing",
        type=float,
        metavar="STRENGTH",
        help="of a map of classes: how much neighbours decide",
    )
    command.add_argument(
        "--resample", action="store_true", help="a scene of another sensor, to the model's bands"
    )
    command.add_argument(
        "--on-ground", action="store_true", help="put the map of a swath where its pixels lie"
    )
    command.add_argument("--variable", help="of a file with several: HDF5, .nc, .mat or .zarr")
    command.add_argument(
        "--working-memory", type=int, default=64, metavar="MIB", help="for blocks (%(default)s)"
    )
    command.add_argument(
        "--resume", action="store_true", help="keep what is finished, and go on with it"
    )
    command.add_argument("--quiet", action="store_true", help="show no progress")
    command.set_defaults(run=_apply)
    return parser


def _info(options: argparse.Namespace) -> None:
    from .scenes import open_scene
    from .scenes._description import description

    texts = [description(open_scene(scene, variable=options.variable)) for scene in options.scenes]
    print("\n\n".join(texts))


def _apply(options: argparse.Namespace) -> None:
    import joblib

    from .scenes import ClassSmoothing, apply
    from .scenes._resampled import resampled_for

    class_names = _class_names(options.class_names)
    maps = _maps(options)
    try:
        model = joblib.load(options.model)
    except FileNotFoundError:
        raise
    except Exception as error:  # whatever unpickling something else comes to
        raise ValueError(f"{options.model} is no model of joblib.dump: {error!r}") from error
    for out, scene in maps:
        smoothing = None
        if options.smoothing is not None:
            seen = resampled_for(model, scene)[0] if options.resample else scene
            smoothing = ClassSmoothing.for_scene(seen, strength=options.smoothing)
        apply(
            model,
            scene,
            out,
            method=options.method,
            class_names=class_names,
            long_name=_one_or_all(options.long_name),
            units=_one_or_all(options.units),
            smoothing=smoothing,
            resample=options.resample,
            on_ground=options.on_ground,
            working_memory=options.working_memory,
            resume=options.resume,
            verbose=not options.quiet,
        )


def _maps(options: argparse.Namespace) -> list[tuple[str, Scene]]:
    """Return which maps are to be written, each of which scene; all are opened before the first."""
    from .scenes import open_scene
    from .scenes.reading._tiles import tiles_of

    scenes = options.scenes
    if _NAME not in options.out:
        whole = scenes[0] if len(scenes) == 1 else scenes
        return [(options.out, open_scene(whole, variable=options.variable))]
    # A pattern that the shell has not replaced, as where it is in quotes.
    scenes = [file for scene in scenes for file in tiles_of(scene) or [scene]]
    outs = [options.out.replace(_NAME, Path(scene).stem) for scene in scenes]
    for out, scene in zip(outs, scenes, strict=True):
        if outs.count(out) > 1:
            raise ValueError(f"Several scenes would have the map {out}, one of them is {scene}.")
    return [
        (out, open_scene(scene, variable=options.variable))
        for out, scene in zip(outs, scenes, strict=True)
    ]


def _class_names(texts: list[str] | None) -> dict[Any, str] | None:
    """Return names by labels, which are numbers if all are."""
    if texts is None:
        return None
    pairs = [text.partition("=") for text in texts]
    for text, (label, _, name) in zip(texts, pairs, strict=True):
        if not (label and name):
            raise ValueError(f"--class-names must be LABEL=NAME, such as 1=corn; got {text!r}.")
    names = {label: name for label, _, name in pairs}
    if len(names) < len(pairs):
        raise ValueError(f"--class-names names a label twice; got {' '.join(texts)}.")
    try:
        return {int(label): name for label, name in names.items()}
    except ValueError:
        return dict(names)


def _one_or_all(texts: list[str] | None) -> str | list[str] | None:
    return texts[0] if texts is not None and len(texts) == 1 else texts


if __name__ == "__main__":
    sys.exit(main())
