"""Asks about images and videos, in the order given."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from serving.client import Client
from serving.inputs import is_video
from serving.verdict import Verdict

if TYPE_CHECKING:
    from serving.video.judging import Judging
    from serving.video.verdict import VideoVerdict


def ask(
    client: Client,
    paths: Iterable[Path],
    judging: "Judging | None",
    progress: Callable[[Path, int], None],
) -> Iterator["Verdict | VideoVerdict"]:
    """One verdict for each path, in their order.

    Args:
        client: whom to ask.
        paths: of images and videos; taken as they are needed.
        judging: how videos are judged; None where there is none.
        progress: called with the path of a video and how many of its frames are judged so far.

    Raises:
        ServerUnreachableError, BadInputError, ServingError: as of `Client.stream`.
    """
    for videos, group in itertools.groupby(paths, is_video):
        if not videos:
            yield from client.stream(group)
            continue
        from serving.video.judging import judge_video

        for path in group:
            yield judge_video(client, path, judging, lambda frames, path=path: progress(path, frames))
