"""Asks about files and gives out the verdicts."""

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.prediction import forms
from pipeline.prediction.answer_file import AnswerFile
from pipeline.prediction.asking import ask
from pipeline.terminal.predict_view import PredictView, predict_view
from serving.client import Client
from serving.inputs import is_video

if TYPE_CHECKING:
    from serving.verdict import Verdict
    from serving.video.judging import Judging
    from serving.video.verdict import VideoVerdict


class Predicting:
    """One call of `predict`.

    Args:
        client: whom to ask.
        files: images and videos, in the order of the answers.
        judging: how videos are judged; None where there is none.
        form: "text", "json" or "csv".
        out: file for the answers; None for standard output.
    """

    def __init__(
        self, client: Client, files: list[Path], judging: "Judging | None", form: str, out: Path | None
    ):
        self._client, self._files, self._judging = client, files, judging
        self._form, self._out = form, out
        self._counts: Counter[str] = Counter()

    def run(self) -> int:
        """Returns the exit code: 1 when a file got no verdict, else 0.

        Raises:
            BadInputError: the file for the answers is something else; and as `Client.stream`.
            ServingError: likewise.
        """
        # Lines that a program may want to read are not mixed with a bar on one terminal.
        shown = bool(self._out) or self._form == "text" or not sys.stdout.isatty()
        with contextlib.ExitStack() as stack:
            file = None
            if self._out:
                name = self._client.model_name
                file = stack.enter_context(AnswerFile(self._out, self._form, self._files, name))
            view = stack.enter_context(predict_view(len(self._files), shown))
            self._run(file, view)
        if file:
            PredictView().remark(self._summary())
        return 1 if self._counts["no verdict"] else 0

    def _run(self, file: AnswerFile | None, view: PredictView) -> None:
        if file is None and self._form == "text":
            view.remark(forms.text_header(self._judging is not None))
        elif file is None and self._form == "csv":
            view.answer(forms.csv_header())

        def progress(path: Path, frames: int) -> None:
            view.note(f"{path.name}: {frames} frames")

        for verdict in ask(self._client, self._unanswered(file, view), self._judging, progress):
            self._counts[verdict.decision or "no verdict"] += 1
            if file:
                file.add(verdict)
            self._show(verdict, view)
            view.advance()

    def _unanswered(self, file: AnswerFile | None, view: PredictView) -> Iterator[Path]:
        version = self._client.current_version() if file and file.knows_any else None
        for path in self._files:
            sampling = str(self._judging) if is_video(path) else ""
            if version is not None and file.answers(path, sampling, version):
                self._counts["there before"] += 1
                view.advance()
            else:
                yield path

    def _show(self, verdict: "Verdict | VideoVerdict", view: PredictView) -> None:
        if not verdict.ok and (self._out or self._form == "text"):
            view.remark(f"{verdict.path}: no verdict: {verdict.error}")
        elif self._out:
            return
        elif self._form == "text":
            view.answer(forms.text_line(verdict, self._judging is not None))
        else:
            view.answer(forms.json_line(verdict) if self._form == "json" else forms.csv_line(verdict))

    def _summary(self) -> str:
        order = ("fake", "real", "uncertain", "no verdict", "there before")
        counts = ", ".join(f"{self._counts[word]} {word}" for word in order if self._counts[word])
        return f"{len(self._files)} files: {counts}; in {self._out}"
