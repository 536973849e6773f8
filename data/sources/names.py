"""Which names of files are safe to follow: names come from archives and lists that others made."""

import re

_DRIVE = re.compile(r"[A-Za-z]:")


def what_is_wrong(name: str) -> str | None:
    """Says what keeps ``name`` from being a plain relative path with forward slashes; None if it is one.

    Nobody who follows a plain name leaves the folder it is relative to, on any operating system.
    """
    if not name:
        return "it is empty"
    if "\0" in name:
        return "it holds a NUL character"
    if "\\" in name:
        return "it holds a backslash, where only forward slashes are expected"
    if name.startswith("/"):
        return "it is absolute"
    if _DRIVE.match(name):
        return "it starts with a drive letter"
    parts = name.split("/")
    if ".." in parts:
        return "it leads upwards ('..')"
    if "" in parts or "." in parts:
        return "it has an empty step ('//', './' or a slash at its end)"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "it holds half a character (a lone surrogate)"
    return None


def is_hidden(name: str) -> bool:
    """Whether a file or a folder above it is hidden: a leading dot, or what macOS adds to its archives."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
