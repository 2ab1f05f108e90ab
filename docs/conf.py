"""How the documentation is built, by ``python -m sphinx -W docs docs/_build/html``."""

import os
import re
import sys
import warnings
from pathlib import Path

import joblib

import skhyp

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))
# Scripts and pages run in processes, which have all this from here. Each may take 2 GB.
N_PROCESSES = min(os.cpu_count() or 1, 4)
N_THREADS = str(max(1, (os.cpu_count() or 1) // N_PROCESSES))
os.environ["MPLBACKEND"] = "Agg"
for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(name, N_THREADS)
# One that has grown, as by importing TensorFlow, is replaced by another.
warnings.filterwarnings("ignore", "A worker stopped while some jobs were given to the executor")

from page_outputs import with_outputs

project = "skhyp"
author = "the developers of skhyp"
project_copyright = f"2026, {author}"
release = version = skhyp.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "gallery/*.ipynb", "gallery/*.py", "images"]
templates_path = ["_templates"]
suppress_warnings = ["config.cache"]  # what is called below cannot be pickled, and need not be

myst_heading_anchors = 3
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc has the types, with shapes and units
numpydoc_show_class_members = False  # the template of a class lists them

html_theme = "pydata_sphinx_theme"
html_title = "skhyp"
html_static_path = ["_static"]
html_css_files = ["skhyp.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {name: [] for name in ("gallery/**", "benchmarks", "contributing", "architecture")}
html_theme_options = {
    "logo": {"text": "skhyp"},
    "navbar_align": "left",
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


sphinx_gallery_conf = {
    "parallel": N_PROCESSES,
    "reset_modules": ("matplotlib", "script_warnings.warnings_are_errors"),
    "reset_modules_order": "both",
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "doc_module": ("skhyp",),
    "backreferences_dir": "generated/backreferences",
    "reference_url": {"skhyp": None},
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "image_srcset": ["2x"],
}

# Pages link to files of the repository, so that they can be read there; here, to their pages.
_TABLE = re.compile(r"\]\(((?:\.\./)*)\.\./benchmarks/results/(\w+)\.md\)")
_SECTIONS = {
    "speed_accuracy": "accuracy-of-the-fast",
    "accuracy_validation": "accuracy-validation",
    "large_scenes": "large-scenes",
    "few_labels": "few-labels",
}
_SCRIPT = re.compile(r"\]\(((?:\.\./)*)\.\./examples/gallery/(\w+)\.\w+\)")


def setup(app):
    """Connect what Sphinx has no setting for."""
    # -D run_guide=0 shows the guide without what it prints and draws: the tests run it as well.
    app.add_config_value("run_guide", True, "env", [bool])
    app.connect("env-before-read-docs", run_guide)
    app.connect("source-read", show_outputs)
    app.connect("source-read", link_to_pages)
    app.connect("autodoc-skip-member", leave_out_what_is_inherited_from_scikit_learn)


_guide_with_outputs = {}


def run_guide(app, env, docnames):
    """Run the Python of the pages of the guide that are to be read."""
    if not app.config.run_guide or app.config.plot_gallery in (False, "False", "0"):
        return
    names = [name for name in docnames if name.startswith("guide/")]
    pages = joblib.Parallel(N_PROCESSES)(
        joblib.delayed(with_outputs)(
            Path(env.doc2path(name)).read_text("utf-8"), name, DOCS / "figures"
        )
        for name in names
    )
    _guide_with_outputs.update(zip(names, pages, strict=True))


def show_outputs(app, docname, source):
    """Show what the Python of a page of the guide prints and draws."""
    source[0] = _guide_with_outputs.get(docname, source[0])


def link_to_pages(app, docname, source):
    """Let links to tables of the benchmarks and to scripts of the gallery lead to their pages."""
    text = _TABLE.sub(
        lambda match: f"]({match[1]}benchmarks.md#{_SECTIONS.get(match[2], match[2])})", source[0]
    )
    text = text.replace("examples/gallery/GALLERY_HEADER.rst", "examples/gallery/index.rst")
    source[0] = _SCRIPT.sub(r"](\1gallery/\2.rst)", text)


def leave_out_what_is_inherited_from_scikit_learn(app, what, name, member, skip, options):
    """Leave out methods whose documentation is scikit-learn's, with references into it."""
    module = getattr(member, "__module__", None) or ""
    return True if module.startswith("sklearn") else None
