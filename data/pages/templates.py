"""Jinja templates of the pages that are written about images."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader


def page_templates(folder: Path) -> Environment:
    """Templates of a folder, which may extend `base.html`: its head, its colours, its tables.

    All that is filled in is escaped: names of files and sources, and prompts, are somebody else's text.
    """
    return Environment(
        loader=FileSystemLoader([folder, Path(__file__).parent]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
