"""Runs the notebooks; `python -m tests.notebooks [NAME …]` runs them and keeps what they showed."""

import os
import re
import sys
from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
TAG = re.compile(r"<[^>]*>")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


def executed(path: Path) -> Any:
    """The notebook with fresh outputs, played in its folder by a kernel of this Python; the first error is raised."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=180,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute(env={**os.environ, **ONE_THREAD})
    return notebook


def texts(notebook: Any) -> list[list[str]]:
    """What each cell of code showed as text: what it printed, its results, and their tables without the tags."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [[text for output in cell["outputs"] for text in _told(output)] for cell in cells]


def _told(output: Any) -> list[str]:
    if output["output_type"] == "stream":
        return [output["text"]]
    data = output.get("data", {})
    own = data.get("text/html", "")
    tables = [] if "dataframe" in own else [TAG.sub(" ", own)]  # pandas' own look depends on its version
    return [*([] if "image/png" in data else [data["text/plain"]]), *tables]


def keep(path: Path) -> None:
    """Run a notebook and write it with what it showed, its pictures in 64 colours."""
    notebook = executed(path)
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", {}):
                output["data"]["image/png"] = _in_few_colours(output["data"]["image/png"])
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.write(notebook, path)


def _in_few_colours(png: str) -> str:
    from PIL import Image

    written = BytesIO()
    picture = Image.open(BytesIO(b64decode(png))).convert("RGB")
    picture.quantize(64, dither=Image.Dither.NONE).save(written, "png", optimize=True)
    return b64encode(written.getvalue()).decode()


if __name__ == "__main__":
    for each in [FOLDER / name for name in sys.argv[1:]] or NOTEBOOKS:
        keep(each)
