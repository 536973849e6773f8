"""Whatever is sent, the server answers with a code that says whose fault it was, and goes on as before."""

import json
import random
from collections import Counter

import grpc
import pytest
from malformed_grpc import RELOAD, drawing, reload_request
from malformed_rest import draw as draw_rest
from malformed_rest import exchange
from served_process import ServedProcess
from serving_api import Api

Code = grpc.StatusCode
DOCUMENTED = {
    *(Code.OK, Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.FAILED_PRECONDITION, Code.UNIMPLEMENTED),
    Code.RESOURCE_EXHAUSTED,
}
# A reload says UNKNOWN where the model does not load, and waits for one as long as the caller does.
OF_RELOAD = DOCUMENTED | {Code.UNKNOWN, Code.DEADLINE_EXCEEDED}

# Bytes that are no message are turned away by gRPC itself, in Python and in C++ (`SerializationTraits::Deserialize`,
# so TensorFlow Serving's answer, too) with INTERNAL, before the service sees them.
NO_MESSAGE = (Code.INTERNAL, "Exception deserializing request!")

DOCUMENTED_REST = {200, 400, 404, 405, 413, 429, 501}


class Fuzz:
    """Sends malformed requests and keeps the answers that are wrong."""

    def __init__(self, process: ServedProcess, base_path, images, seed: int):
        self.seen: Counter = Counter()
        self.wrong: list = []
        self._process, self._images = process, images
        self._rng = random.Random(seed)  # noqa: S311 - the same requests each time
        self._draw = drawing(base_path, images)
        self._original = reload_request(base_path).SerializeToString()
        self._channel = grpc.insecure_channel(
            process.address, [("grpc.max_receive_message_length", -1), ("grpc.enable_retries", 0)]
        )

    def send(self, count: int) -> None:
        for _ in range(count):
            if self._rng.random() < 0.6:
                self._grpc()
            else:
                self._rest()
            assert self._process.process.poll() is None, self._process.log.read_text()[-4000:]

    def close(self) -> None:
        self._channel.close()

    def _grpc(self) -> None:
        call = self._draw(self._rng)
        is_reload = call.method == RELOAD
        code, details, hint = self._ask(call.method, call.content, 3 if is_reload else 20)
        allowed = (
            code in (OF_RELOAD if is_reload else DOCUMENTED)
            or (code is Code.UNAVAILABLE and hint)
            or (call.kind == "raw" and (code, details) == NO_MESSAGE)
        )
        self._note(f"{call.kind} {call.method.rsplit('/')[-1]}", code.name, allowed, details, call.content)
        if is_reload and code in (Code.OK, Code.DEADLINE_EXCEEDED):
            restored = self._ask(RELOAD, self._original, 60)
            assert restored[0] is Code.OK, restored

    def _ask(self, method: str, content: bytes, timeout_s: float):
        try:
            # No serializers: bytes as they are.
            self._channel.unary_unary(method)(content, timeout=timeout_s)
        except grpc.RpcError as error:
            hint = any(key == "grpc-retry-pushback-ms" for key, _ in error.trailing_metadata() or ())
            return error.code(), error.details(), hint
        return Code.OK, "", False

    def _rest(self) -> None:
        sent = draw_rest(self._rng, self._images)
        code, headers, body = exchange(self._process.rest_port, sent)
        headed = sent.content.startswith(b"HEAD")
        allowed = code in DOCUMENTED_REST or (code == 503 and "retry-after" in headers)
        if sent.framed:
            allowed = allowed and (headed or code == 200 or _is_error(body))
        else:  # what is hardly HTTP is answered by the web server itself, which knows no JSON, or not at all
            allowed = allowed or (sent.cut and code == 0) or code == 431
        self._note("REST" if sent.framed else "HTTP", code, allowed, body[:300], sent.content)

    def _note(self, kind, code, allowed, details, content) -> None:
        self.seen[kind, code] += 1
        if not allowed:
            self.wrong.append((kind, code, details, content[:300]))


def _is_error(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body)["error"], str)
    except (ValueError, KeyError, TypeError):
        return False


def _held(process: ServedProcess, fuzz: Fuzz, count: int) -> dict[str, float]:
    """What the process holds: the least of some readings, `count` requests apart.

    Between two reloads it holds more, by as much as a version, and a thread more while one ends.
    """
    readings = []
    for _ in range(6):
        fuzz.send(count)
        readings.append((process.memory_mb(), process.descriptors(), process.threads()))
    return dict(zip(("megabytes", "descriptors", "threads"), map(min, *readings), strict=True))


@pytest.mark.parametrize(
    ("warm", "count"), [(60, 240), pytest.param(2000, 8000, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_malformed_requests_are_refused_and_leave_no_trace(
    detector, base_path, tmp_path, warm, count, record_property
):
    detector.push(base_path, 1)
    with ServedProcess(base_path, tmp_path) as process:
        process.wait_until_serving()
        api = Api(process)
        before = api.scores(detector.images)
        fuzz = Fuzz(process, base_path, detector.images, seed=20261125)
        fuzz.send(warm)
        began = _held(process, fuzz, count // 80)
        fuzz.send(count)
        ended = _held(process, fuzz, count // 80)
        fuzz.close()
        grown = {what: ended[what] - began[what] for what in began}
        record_property("grown", grown)
        record_property("seen", sorted(map(str, fuzz.seen.items())))
        assert not fuzz.wrong, f"{len(fuzz.wrong)} answers, the first {fuzz.wrong[:5]}"
        assert api.scores(detector.images) == before
        assert before == pytest.approx(detector.scores, abs=1e-5)
        api.close()
        if count >= 8000:  # fewer do not warm up the allocators and pools of TensorFlow
            assert grown["megabytes"] < 50
            assert grown["descriptors"] <= 5
            assert grown["threads"] <= 0
