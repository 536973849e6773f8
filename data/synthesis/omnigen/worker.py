"""OmniGen itself, in a process and under a Python of its own (``.venv-omnigen``): ``python -I worker.py``.

Imports nothing of this project. Standard input and output are one socket. What comes in: a line of JSON, and for an
edit the image's bytes behind it; what goes out: the same.

* ``{"do": "start", "model": FOLDER, "device": .., "dtype": .., "offload": ..}`` is answered with what was chosen:
  ``{"device": "cuda", "dtype": "bfloat16", "libraries": {"torch": "2.14.1", "diffusers": "0.41.0"}}``;
* ``{"do": "edit", "size": [H, W], "prompt": .., "seed": .., "steps": .., "guidance": .., "image_guidance": ..}`` and
  H * W * 3 bytes, RGB, with ``{"step": 1}`` and so on as signs of life, then ``{"size": [H, W]}`` and so many bytes.

Whatever cannot be done is answered with ``{"error": WHAT, "kind": KIND}``, and is the end. The model is loaded with
the first edit. When the other end is closed, or its process gone, so is this one, at once.
"""

import json
import os
import select
import sys
import threading

_DTYPES = ("float32", "bfloat16", "float16")


class _Refusal(Exception):  # noqa: N818 - an answer
    """What cannot be done, and of what kind it is: environment, device, weights, memory or edit."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


class Editor:
    """The pipeline, on its device.

    Args:
        model: folder with the weights.
        device: ``"cuda"``, ``"cpu"``, or ``"auto"`` for the first of them that is there.
        dtype: of the weights; ``"auto"``: bfloat16 on a GPU, float32 on a processor.
        offload: what of the model waits in the machine's memory while it is not needed, on a GPU: ``"model"`` (whole
            parts), ``"sequential"`` (layers: far slower, and far less of the GPU's memory) or ``"none"``.
    """

    def __init__(self, model: str, device: str, dtype: str, offload: str):
        try:
            import diffusers
            import torch
            from diffusers import OmniGenPipeline
        except ImportError as error:
            raise _Refusal("environment", str(error)) from error
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        if device == "cuda" and not torch.cuda.is_available():
            raise _Refusal("device", "PyTorch finds no GPU that it can use")
        if dtype == "auto":
            dtype = "bfloat16" if device == "cuda" else "float32"
        if dtype not in _DTYPES:
            raise _Refusal("device", f"no such dtype: {dtype}")
        # The same numbers for the same seed, as far as the device's kernels allow.
        torch.use_deterministic_algorithms(True, warn_only=True)
        self._torch, self._class, self._folder = torch, OmniGenPipeline, model
        self._device, self._dtype, self._offload = device, dtype, offload
        self._pipeline = None
        self.chosen = {
            "device": device,
            "dtype": dtype,
            "libraries": {"torch": torch.__version__, "diffusers": diffusers.__version__},
        }

    def edit(self, image, order: dict, alive):
        """Edits one image; ``alive(step)`` is called after each step of denoising."""
        import numpy as np

        torch = self._torch
        pipeline = self._loaded()
        # On the processor, so that a seed means the same noise on every device.
        generator = torch.Generator("cpu").manual_seed(order["seed"])
        # The pipeline draws the parent's own latents from the global generator. Another seed for that one, as the
        # same would give the very noise that is to be denoised.
        torch.manual_seed(int(torch.randint(2**63 - 1, (1,), generator=generator)))

        def after_step(_pipeline, step, _timestep, tensors):
            alive(step + 1)
            return tensors

        # One image a call: of several the pipeline draws from one generator, and pads all to the longest.
        pixels = pipeline(
            prompt=[order["prompt"]],
            input_images=[[image]],
            num_inference_steps=order["steps"],
            guidance_scale=order["guidance"],
            img_guidance_scale=order["image_guidance"],
            use_input_image_size_as_output=True,
            max_input_image_size=max(image.size),
            generator=generator,
            output_type="np",
            callback_on_step_end=after_step,
        ).images[0]
        if not np.isfinite(pixels).all():
            raise _Refusal("edit", f"the model gave numbers that are not finite, in {self._dtype}")
        return np.round(pixels * 255).astype(np.uint8)

    def _loaded(self):
        if self._pipeline is not None:
            return self._pipeline
        try:
            pipeline = self._class.from_pretrained(
                self._folder,
                dtype=getattr(self._torch, self._dtype),
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
            )
        except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
            raise _Refusal("weights", f"{type(error).__name__}: {error}") from error
        pipeline.set_progress_bar_config(disable=True)
        if self._device == "cpu" or self._offload == "none":
            pipeline.to(self._device)
        elif self._offload == "sequential":
            pipeline.enable_sequential_cpu_offload()
        else:
            pipeline.enable_model_cpu_offload()
        self._pipeline = pipeline
        return pipeline


def _end_with_the_other() -> None:
    """Ends the process when nobody is left to hear the answer, even in the midst of an edit."""
    hearing = select.poll()
    hearing.register(0, select.POLLRDHUP)
    hearing.poll()
    os._exit(0)


def _read_image(read, size):
    from PIL import Image

    height, width = size
    content = read(height * width * 3)
    if len(content) != height * width * 3:
        raise EOFError
    return Image.frombytes("RGB", (width, height), content)


def _answer(editor: Editor | None, order: dict, read, say) -> Editor:
    if order["do"] == "start":
        editor = Editor(order["model"], order["device"], order["dtype"], order["offload"])
        say(editor.chosen)
        return editor
    image = _read_image(read, order["size"])
    edited = editor.edit(image, order, lambda step: say({"step": step}))
    say({"size": list(edited.shape[:2])}, edited.tobytes())
    return editor


def _kind(error: Exception) -> str:
    if isinstance(error, _Refusal):
        return error.kind
    return "memory" if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__ else "edit"


def main() -> None:
    # What a library prints goes to the log, not between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    orders = sys.stdin.buffer

    def say(message: dict, content: bytes = b"") -> None:
        answers.write(json.dumps(message).encode() + b"\n" + content)
        answers.flush()

    threading.Thread(target=_end_with_the_other, daemon=True).start()
    editor = None
    while line := orders.readline():
        try:
            editor = _answer(editor, json.loads(line), orders.read, say)
        except Exception as error:
            message = str(error) if isinstance(error, _Refusal) else f"{type(error).__name__}: {error}"
            say({"error": message, "kind": _kind(error)})
            raise


if __name__ == "__main__":
    main()
