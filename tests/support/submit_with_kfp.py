"""Run by a Python that has kfp and little else: submits a package, and shows the request, as told in JSON.

Prints a JSON object: the release of kfp, the answer, and which heavy packages were loaded.
"""

import dataclasses
import json
import sys
from pathlib import Path


def main() -> None:
    """Of the folder of the repository, as the working directory."""
    sys.path.insert(0, str(Path.cwd()))
    from importlib import metadata

    from pipeline.runners.kubeflow.access import Access
    from pipeline.runners.kubeflow.package import read_package
    from pipeline.runners.kubeflow.schedule import Schedule
    from pipeline.runners.kubeflow.submitting import Submission, request_of, submit, watch
    from pipeline.runners.remote_run import follow

    asked = json.loads(sys.argv[1])
    access = Access(asked["endpoint"], asked["namespace"], asked["token"])
    package = read_package(Path(asked["package"]))
    submission = Submission(package, **asked["submission"])
    recurring = dataclasses.replace(submission, schedule=Schedule(cron="0 30 2 * * *"))
    request = request_of(submission, access)
    submitted = submit(submission, access)
    ended = follow(watch(submitted.id, package, access), lambda line: None, timeout_s=60, poll_s=0.01)
    answer = {
        "kfp": metadata.version("kfp"),
        "request": request,
        "run": submitted.id,
        "state": ended.state,
        "nodes": dict(ended.nodes),
        "recurring": submit(recurring, access).id,
        "heavy": sorted({"tensorflow", "tfx", "keras", "apache_beam", "pydantic"} & set(sys.modules)),
    }
    print(json.dumps(answer))  # noqa: T201 - this is the answer


if __name__ == "__main__":
    main()
