"""The maker of OmniGen's edits."""

import hashlib
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.errors import BadInputError
from data.example import FAKE
from data.synthesis.maker import Child, Maker, Parent
from data.synthesis.omnigen.geometry import fitted
from data.synthesis.omnigen.prompt_sets import ALL, read_prompts
from data.synthesis.omnigen.weights import MODEL, find_weights
from data.synthesis.omnigen.worker_process import SCRIPT, WorkerProcess

#: Says where another Python with PyTorch and diffusers is, than the one that `make setup-omnigen` installs.
PYTHON_VARIABLE = "OMNIGEN_PYTHON"
DEVICES = ("auto", "cuda", "cpu")
DTYPES = ("auto", "bfloat16", "float16", "float32")
OFFLOADS = ("model", "sequential", "none")

_INSTALLED = Path(__file__).parents[3] / ".venv-omnigen/bin/python"
# Weights of 15.5 GB are read in silence, and one step of a large image takes minutes on a processor.
_SILENCE_S = 1800.0


class OmniGenMaker(Maker):
    """Edits faces with OmniGen (Xiao et al., 2024, arXiv:2409.11340), version 1, as diffusers runs it.

    The child is a fake: a model has drawn every pixel of it anew, though the person is meant to stay who they are. It
    is good at expressions and lighting, poor at swapping faces. The model runs in a process and under a Python of its
    own (``make setup-omnigen``); its weights, 15.5 GB under the MIT licence, are fetched by the user.

    Each image is edited in a call of its own: the noise is drawn on the processor from the child's seed, and the
    prompt is chosen by it. The same seed gives the same child with the same settings on the same kind of device;
    processors and GPUs round differently. The pipeline has no negative prompt of the caller's; it brings one of its
    own. Images longer than 1,024 pixels are edited at 1,024 (see ``geometry.fitted``).

    OmniGen2 is not run: diffusers has no pipeline for it, and code that comes with weights is not executed.

    Attributes:
        strength of a child: ``guidance``.
        edit of a child: the name of the prompt's set.

    Args:
        python: the Python of the environment; None for ``$OMNIGEN_PYTHON``, or else what ``make setup-omnigen`` made.
        model: a name on the Hub, whose files must be in its cache, or a folder.
        revision: branch, tag or commit on the Hub; None for what was fetched of its main branch.
        prompts: ``"expression"``, ``"lighting"``, ``"all"``, or a file (see ``prompt_sets.read_prompts``).
        guidance: how closely the edit follows the prompt, as of classifier-free guidance, 1 to 10. The higher, the
            stronger the edit; 2 to 3 keeps faces whole.
        image_guidance: how closely it follows the parent (InstructPix2Pix, Brooks et al., 2023, equation 3), 1 to 10.
        steps: of denoising, 1 to 1,000.
        dtype: of the weights; ``"auto"``: bfloat16 on a GPU, float32 on a processor, where it takes 16 GB of memory.
        device: ``"auto"``: a GPU where PyTorch finds one.
        batch_size: images after which what was made is kept. More than one saves nothing.
        offload: what waits in the machine's memory while a GPU does not need it: ``"model"`` (parts of the
            model, the largest of which has 8 GB), ``"sequential"`` (layers: least memory, slowest) or ``"none"``.

    Raises:
        BadInputError: no such Python, weights, prompts or setting.
    """

    name = "omnigen"
    label = FAKE

    def __init__(
        self,
        python: Path | None = None,
        model: str = MODEL,
        revision: str | None = None,
        prompts: str | Path = ALL,
        guidance: float = 2.5,
        image_guidance: float = 1.6,
        steps: int = 50,
        dtype: str = "auto",
        device: str = "auto",
        batch_size: int = 1,
        offload: str = "model",
    ):
        for what, given, known in (
            ("dtype", dtype, DTYPES),
            ("device", device, DEVICES),
            ("offload", offload, OFFLOADS),
        ):
            if given not in known:
                raise BadInputError(f"Expected {what} to be one of {', '.join(known)}, received {given}.")
        for what, given, most in (
            ("guidance", guidance, 10),
            ("image guidance", image_guidance, 10),
            ("steps", steps, 1000),
            ("a batch size", batch_size, 1000),
        ):
            if not (math.isfinite(given) and 1 <= given <= most):
                raise BadInputError(f"Expected {what} from 1 to {most}, received {given}.")
        self._prompts = read_prompts(prompts)
        self._python = _python(python)
        self._weights = find_weights(model, revision, str(self._python.parent / "hf"))
        self.model, self.revision = self._weights.model, self._weights.revision
        self.batch_size = batch_size
        self._steering = {"guidance": guidance, "image_guidance": image_guidance, "steps": steps}
        self._loading = {"dtype": dtype, "device": device, "offload": offload}
        self._worker: WorkerProcess | None = None
        self._chosen: dict = {}

    def settings(self) -> dict:
        """Starts the process, without loading the weights: only it knows device, dtype and versions."""
        self._running()
        prompts = "\n".join(f"{prompt.set}\0{prompt.text}" for prompt in self._prompts)
        return {
            "model": self.model,
            "revision": self.revision,
            "prompts": sorted({prompt.set for prompt in self._prompts}),
            "prompts_sha256": hashlib.sha256(prompts.encode()).hexdigest(),
            **self._steering,
            **self._chosen,
        }

    def make(self, parents: Sequence[Parent], seeds: Sequence[int]) -> list[Child]:
        worker = self._running()
        try:
            return [self._child(worker, parent, seed) for parent, seed in zip(parents, seeds, strict=True)]
        except BaseException:
            # Half an answer may be on its way; the next call begins with another process.
            self.close()
            raise

    def close(self) -> None:
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.close()

    def _child(self, worker: WorkerProcess, parent: Parent, seed: int) -> Child:
        prompt = self._prompts[np.random.default_rng(seed).integers(len(self._prompts))]
        pixels, restore = fitted(parent.pixels)
        edited = worker.edit(pixels, prompt=prompt.text, seed=int(seed), **self._steering)
        return Child(restore(edited), float(self._steering["guidance"]), prompt.text, prompt.set)

    def _running(self) -> WorkerProcess:
        if self._worker is None:
            self._worker = WorkerProcess(self._python, _SILENCE_S, SCRIPT)
            try:
                chosen = self._worker.start(model=str(self._weights.folder), **self._loading)
            except BaseException:
                self.close()
                raise
            self._chosen = {key: chosen[key] for key in ("device", "dtype", "libraries")}
        return self._worker


def _python(given: Path | None) -> Path:
    from_variable = os.environ.get(PYTHON_VARIABLE)
    python = given or (Path(from_variable) if from_variable else _INSTALLED)
    if not os.access(python, os.X_OK) or python.is_dir():
        raise BadInputError(
            f"Expected a Python with PyTorch and diffusers at {python}, received none. Run `make setup-omnigen` "
            f"(about 5.5 GB), or name another in ${PYTHON_VARIABLE}. The maker `blend` needs none."
        )
    # Not resolved: the link in an environment is what tells Python which environment it is.
    return python.absolute()
