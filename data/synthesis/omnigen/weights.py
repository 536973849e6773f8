"""Finds the weights that the user has fetched, and names them so that two that differ have different names."""

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from data.errors import BadInputError
from data.shards import file_sha256

MODEL = "Shitao/OmniGen-v1-diffusers"
#: Of `MODEL`, as its page states it.
SIZE = "15.5 GB"

_INDEX = "model_index.json"
_PIPELINE = "OmniGenPipeline"
_LEARNED = ("transformer", "vae")
_PARTS = (*_LEARNED, "scheduler", "tokenizer")
_READ = (".json", ".safetensors", ".model", ".txt")
_NO_OTHER = (
    "diffusers has a pipeline for OmniGen v1 alone; OmniGen2 needs code that comes with its own repository and is "
    "not run here"
)


@dataclass(frozen=True)
class Weights:
    """Weights of an OmniGen on this machine.

    Attributes:
        folder: absolute; what ``OmniGenPipeline.from_pretrained`` reads.
        model: its name on the Hub, or the name of the folder.
        revision: the commit of the Hub's repository, 40 hexadecimal digits; or ``"sha256:"`` and the hash of what the
            folder holds, 64 of them.
    """

    folder: Path
    model: str
    revision: str


def find_weights(model: str, revision: str | None, download: str) -> Weights:
    """Finds weights; never fetches any.

    Args:
        model: a name on the Hub, whose files are looked for in its cache, or a folder.
        revision: a branch, tag or commit on the Hub; None for its main branch as it was fetched. Of a folder: None.
        download: the program that fetches, for the message that says how: ``"hf"``, or the path of one.

    Raises:
        BadInputError: there are none, they are incomplete, or another model's.
    """
    if Path(model).is_dir():
        if revision is not None:
            raise BadInputError(f"Expected no revision of a folder, received {revision} of {model}.")
        folder = Path(model).resolve()
        _check(folder, f"Fetch a model anew, for example: {download} download {MODEL}")
        # Names of folders may hold bytes that are no UTF-8, and records cannot.
        name = folder.name.encode(errors="backslashreplace").decode()
        return Weights(folder, name, f"sha256:{_content_hash(folder)}")
    return _fetched(model, revision, download)


def _fetched(model: str, revision: str | None, download: str) -> Weights:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    if model.casefold().startswith("omnigen2/"):
        raise BadInputError(f"Expected {MODEL} or one of its kind, received {model}: {_NO_OTHER}.")
    command = f"{download} download {model}" + (f" --revision {revision}" if revision else "")
    size = f" ({SIZE})" if model == MODEL else ""
    try:
        folder = Path(snapshot_download(model, revision=revision, local_files_only=True))
    except HFValidationError as error:
        raise BadInputError(
            f"Expected a folder or a name on the Hub such as {MODEL}, received {model}."
        ) from error
    except LocalEntryNotFoundError as error:
        raise BadInputError(
            f"Expected the weights of {model} in the cache of the Hub, received none. Fetch them{size}: {command}. "
            "The maker `blend` needs none."
        ) from error
    _check(folder, f"Fetch the rest{size}: {command}. The maker `blend` needs none")
    return Weights(folder, model, folder.name)


def _check(folder: Path, advice: str) -> None:
    kind = _json(folder / _INDEX, advice).get("_class_name")
    if kind != _PIPELINE:
        raise BadInputError(f"Expected an {_PIPELINE} in {folder}, received {kind!r:.80}: {_NO_OTHER}.")
    for part in _PARTS:
        if not (folder / part).is_dir():
            raise BadInputError(f"Expected a folder {part} in {folder}, received none. {advice}.")
    for part in _LEARNED:
        shards = {path.name for path in (folder / part).glob("*.safetensors")}
        if not shards:
            raise BadInputError(
                f"Expected weights as safetensors in {folder / part}, received none (what needs pickle is not read). "
                f"{advice}."
            )
        for index in (folder / part).glob("*.safetensors.index.json"):
            if missing := sorted(set(map(str, _json(index, advice).get("weight_map", {}).values())) - shards):
                raise BadInputError(f"Expected {missing[0]} in {folder / part}, received none. {advice}.")


def _json(path: Path, advice: str) -> dict:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise BadInputError(f"Expected JSON at {path}, received none ({error}). {advice}.") from error
    if not isinstance(content, dict):
        raise BadInputError(f"Expected a JSON object at {path}, received something else. {advice}.")
    return content


def _content_hash(folder: Path) -> str:
    """SHA-256 over name and content of each file that the pipeline reads; a core does about 1 GB a second."""
    files = list(_files(folder))
    with ThreadPoolExecutor() as threads:
        hashes = list(threads.map(file_sha256, files))
    whole = hashlib.sha256()
    for path, content in zip(files, hashes, strict=True):
        whole.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    yield folder / _INDEX
    for part in sorted(_PARTS):
        # What a download leaves beside them, such as times, decides nothing.
        yield from sorted(
            path for path in (folder / part).rglob("*") if path.suffix in _READ and path.is_file()
        )
