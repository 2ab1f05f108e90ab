"""``python -m skhyp apply model.joblib scene.hdr map.tif``: a map from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from skhyp import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m skhyp", description="Hyperspectral scenes and scikit-learn estimators."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "apply",
        help="apply a fitted estimator to a scene",
        description="Apply a fitted estimator to every pixel of a scene, block by block.",
    )
    command.add_argument(
        "model", help="a file of joblib.dump; loading it runs what is in it, so trust its source"
    )
    command.add_argument("scene", help="ENVI (.hdr), GeoTIFF, HDF5, .nc, .mat, .npy or .zarr")
    command.add_argument("out", help="the map: .tif, .hdr (ENVI), .zarr or .npy")
    command.add_argument(
        "--method", default="predict", help="of the estimator, such as predict_proba (%(default)s)"
    )
    command.add_argument(
        "--long-name", nargs="+", metavar="NAME", help="of the values, one for each target"
    )
    command.add_argument(
        "--units", nargs="+", metavar="UNIT", help="of the values, one for all or for each target"
    )
    command.add_argument("--variable", help="of a file with several: HDF5, .nc, .mat or .zarr")
    command.add_argument(
        "--working-memory", type=int, default=64, metavar="MIB", help="for blocks (%(default)s)"
    )
    command.add_argument(
        "--resume", action="store_true", help="keep what is finished, and go on with it"
    )
    command.add_argument("--quiet", action="store_true", help="show no progress")
    options = parser.parse_args(arguments)
    try:
        _apply(options)
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        print(f"python -m skhyp: {error}", file=sys.stderr)
        return 1
    return 0


def _apply(options: argparse.Namespace) -> None:
    import joblib

    from .scenes import apply, open_scene

    try:
        model = joblib.load(options.model)
    except FileNotFoundError:
        raise
    except Exception as error:  # whatever unpickling something else comes to
        raise ValueError(f"{options.model} is no model of joblib.dump: {error!r}") from error
    apply(
        model,
        open_scene(options.scene, variable=options.variable),
        options.out,
        method=options.method,
        long_name=_one_or_all(options.long_name),
        units=_one_or_all(options.units),
        working_memory=options.working_memory,
        resume=options.resume,
        verbose=not options.quiet,
    )


def _one_or_all(texts: list[str] | None) -> str | list[str] | None:
    return texts[0] if texts is not None and len(texts) == 1 else texts


if __name__ == "__main__":
    sys.exit(main())
