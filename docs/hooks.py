"""What mkdocs does beyond plain pages: the page of every key, and the files of the project that pages link to."""

import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))
import keys

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"CHANGELOG.md": "changelog.md", "benchmarks/README.md": "benchmarks.md"}
# Copied as they are, so that the links of pages lead to them.
COPIED = ("configs/**/*.yaml", "configs/*.csv", "configs/*.py", "notebooks/*.ipynb")


def on_files(files: Files, config: Any) -> Files:
    """Add the generated page, the pages that stand elsewhere in the project, and what they link to."""
    generated = {"reference/scenario.md": keys.page()}
    generated |= {page: (ROOT / path).read_text(encoding="utf-8") for path, page in PAGES.items()}
    for place, text in generated.items():
        files.append(File.generated(config, place, content=text))
    for path in sorted(path for pattern in COPIED for path in ROOT.glob(pattern)):
        place = path.relative_to(ROOT).as_posix()
        files.append(File.generated(config, f"project/{place}", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links as they have to be in the site: pages that moved, files of the project below project/."""
    for path, moved in PAGES.items():
        markdown = markdown.replace(f"](../{path})", f"]({moved})")
    markdown = markdown.replace("](docs/", "](").replace("[others/](others)", "`benchmarks/others/`")
    return re.sub(r"\]\(\.\./((?:configs|notebooks)/)", r"](project/\1", markdown)
