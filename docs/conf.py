"""The documentation as a site: `python3 tasks.py site` builds these pages with Sphinx and MyST into `site/`."""

from __future__ import annotations

import re
from typing import Any

project = "rescind"
author = "the rescind authors"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "rescind"
html_show_copyright = False
html_copy_source = False
html_static_path: list[str] = []
myst_heading_anchors = 3
highlight_language = "none"  # pasted output is no program

CONTENTS = (
    ("Learn", ("guides/tutorial", "concepts/*")),
    ("Do", ("guides/*",)),
    ("Look up", ("reference/cli", "reference/*")),
    ("Why it is so", ("adr/*",)),
)


OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+[A-Z]+\.md\)")
"""Links to the pages at the top of the repository, which are no part of the site: their names stay."""


def add_contents(_app: Any, name: str, source: list[str]) -> None:
    """Make a page that is read in the repository one of the site; the first page gets the contents."""
    source[0] = OUTSIDE.sub(r"\1", source[0])
    if name != root_doc:
        return
    for caption, pages in CONTENTS:
        listed = "\n".join(pages)
        source[0] += f"\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {caption}\n\n{listed}\n```\n"


def setup(app: Any) -> None:
    """Register what this site adds."""
    app.connect("source-read", add_contents)
