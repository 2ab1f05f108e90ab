"""What the Python of a page prints and draws, put below it when the documentation is built."""

import contextlib
import io
import re
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt

_BLOCK = re.compile(r"(^```python\n.*?^```\n)", re.DOTALL | re.MULTILINE)


def with_outputs(text: str, page: str, figures: Path) -> str:
    """Return a page in Markdown with the outputs of its blocks of Python below each.

    Parameters
    ----------
    text : str
        The page. Its blocks run one after the other, with common names, in an empty folder.
    page : str
        Its name, such as "guide/scenes".
    figures : Path
        The folder that figures are written to, which is below that of the pages.
    """
    figures.mkdir(parents=True, exist_ok=True)
    to_root = "../" * page.count("/")
    namespace, shown = {}, []
    with TemporaryDirectory() as folder, contextlib.chdir(folder):
        for part in _BLOCK.split(text):
            shown.append(part)
            if not part.startswith("```python\n"):
                continue
            code = part.removeprefix("```python\n").removesuffix("```\n")
            with contextlib.redirect_stdout(io.StringIO()) as printed, warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)
                exec(compile(code, page, "exec"), namespace)
            if printed.getvalue():
                shown.append(f"\n```text\n{printed.getvalue().rstrip()}\n```\n")
            for number in plt.get_fignums():
                name = f"{page.replace('/', '_')}_{len(shown)}_{number}.png"
                plt.figure(number).savefig(figures / name, dpi=110)
                shown.append(f"\n![What the code above draws]({to_root}{figures.name}/{name})\n")
            plt.close("all")
    return "".join(shown)
