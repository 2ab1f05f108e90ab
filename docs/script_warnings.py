"""Warnings in a script of the gallery: it would teach its readers to ignore them.

A module, not a function in ``conf.py``, as processes that run scripts are told its name.
"""

import contextlib
import warnings

_while_a_script_runs = contextlib.ExitStack()


def warnings_are_errors(gallery_conf, script, when):
    """Let a script that warns fail."""
    if when == "before":
        _while_a_script_runs.enter_context(warnings.catch_warnings())
        warnings.simplefilter("error", UserWarning)
        warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive")
    else:
        _while_a_script_runs.close()
