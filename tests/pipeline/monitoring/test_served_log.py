"""What the server writes is what `monitor` reads."""

import numpy as np
import pytest

from pipeline.monitoring.score_log import read_log
from serving.request_log import RequestLog

TAU = 0.6


def test_the_request_log_is_read_whole(tmp_path):
    path = tmp_path / "requests.jsonl"
    log = RequestLog(path)
    scores = np.array([0.05, 0.61, 0.97], np.float32)
    outputs = {
        "score": scores,
        "decision": np.array([b"real", b"uncertain", b"fake"], object),
        "threshold": np.full(3, TAU, np.float32),
    }
    images = [b"one", b"two", b"three"]
    who = {"model_name": "m", "latency_s": 0.01, "entrypoint": "GRPC"}
    log.verdicts(images, outputs, model_version=3, **who)
    log.verdicts(images, outputs, model_version=4, **who)
    log.refusal([b"broken"], "INVALID_ARGUMENT", **who)
    log.close()

    with path.open("rb") as lines:
        served = read_log(lines, 3, TAU, str(path))

    assert served.sample.tolist() == pytest.approx(scores.tolist(), abs=1e-7)
    assert served.decided == {"real": 1, "uncertain": 1, "fake": 1}
    assert (served.no_verdict, served.bad_lines, served.other_versions) == (1, 0, {"4": 3})
