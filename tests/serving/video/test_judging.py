"""A verdict about a video: its frames' scores, one version, the model's own rule."""

import hashlib
import io
import json
import sys

import numpy as np
import pytest
from PIL import Image

from data.demo.faces import draw_face
from serving.client import Client
from serving.errors import BadInputError, ServerUnreachableError
from serving.video.judging import Judging, encode, judge_video
from serving.video.sampling import Sampling
from serving.video.verdict import NOTE, aggregate, decide

FIVE = Sampling(10, 5)


@pytest.fixture
def video(make_video):
    """Five frames of brightness 0.2, 0.2, 0.2, 0.8 and 0.9."""
    return make_video("a.mkv", [51, 51, 51, 204, 230], codec="ffv1")


@pytest.mark.parametrize(
    ("how", "score", "decision"), [("mean", 0.46, "real"), ("median", 0.2, "real"), ("max", 0.9, "fake")]
)
def test_the_score_is_the_aggregate_of_the_frames(brightness, video, how, score, decision):
    told = []
    with brightness() as server, Client(server.address, model_name="m") as client:
        verdict = judge_video(client, video, Judging(FIVE, aggregate=how), told.append)

    assert verdict.ok
    assert verdict.score == pytest.approx(score, abs=0.01)
    assert (verdict.decision, verdict.threshold, verdict.uncertain_band) == (decision, 0.5, None)
    assert (verdict.model_name, verdict.model_version, verdict.path) == ("m", 3, str(video))
    assert verdict.sha256 == hashlib.sha256(video.read_bytes()).hexdigest()
    assert [frame.time_s for frame in verdict.frames] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert [frame.score for frame in verdict.frames] == pytest.approx([0.2, 0.2, 0.2, 0.8, 0.9], abs=0.01)
    assert [frame.decision for frame in verdict.frames] == ["real"] * 3 + ["fake"] * 2
    assert {frame.face for frame in verdict.frames} == {None}
    assert verdict.sampling == f"{how} of whole frames, 10 a second, at most 5"
    assert verdict.note == NOTE
    assert told == [1, 2, 3, 4, 5]
    assert json.loads(json.dumps(verdict.as_dict()))["frames"][3]["decision"] == "fake"


def test_the_band_of_the_model_holds_for_the_aggregate(brightness, video):
    with brightness(band=(0.4, 0.6)) as server, Client(server.address) as client:
        verdict = judge_video(client, video, Judging(FIVE))
    assert verdict.uncertain_band == pytest.approx((0.4, 0.6))
    assert verdict.decision == "uncertain"


def test_all_frames_are_judged_by_the_version_that_judged_the_first(brightness, video):
    with brightness(versions=(3, 4)) as server, Client(server.address) as client:
        verdict = judge_video(client, video, Judging(FIVE))
        assert server.asked == [None, 3, 3, 3, 3]
    assert verdict.model_version == 3


def test_a_version_that_goes_away_meanwhile_leaves_no_verdict(brightness, video):
    with brightness(versions=(3, 4), gone=(3,)) as server, Client(server.address) as client:
        verdict = judge_video(client, video, Judging(FIVE))
    assert not verdict.ok
    assert verdict.error.startswith(
        "version 3, which judged the first frame, judges no more of them: ask again"
    )


def test_frames_that_the_server_cannot_judge_are_counted(brightness, make_video):
    video = make_video("a.mkv", [10, 200, 10, 200, 200], codec="ffv1")
    with brightness(dark=0.1) as server, Client(server.address) as client:
        verdict = judge_video(client, video, Judging(FIVE))
        assert server.asked == [None, None, 3, 3, 3]
        dark = judge_video(client, make_video("b.mkv", [10, 10], codec="ffv1"), Judging(FIVE))
    assert verdict.frames_without_verdict == 2
    assert [frame.time_s for frame in verdict.frames] == [0.1, 0.3, 0.4]
    assert (dark.error, dark.frames_without_verdict) == ("the server judged none of 2 frames: too dark", 2)
    assert dark.score is dark.decision is dark.model_version is None


def test_faces_are_cut_out_and_frames_without_one_are_counted(brightness, make_video):
    empty = np.full((200, 300, 3), 128, np.uint8)
    pixels = np.clip(draw_face(np.random.default_rng(8), 200).pixels, 0, 255).astype(np.uint8)
    with_face = empty.copy()
    with_face[:, 60:260] = pixels
    video = make_video("a.mkv", [empty, with_face, empty], codec="ffv1")
    with brightness() as server, Client(server.address) as client:
        verdict = judge_video(client, video, Judging(FIVE, faces=True))
        [frame] = verdict.frames
        left, top, right, bottom = frame.face
        assert server.sizes == [(right - left, bottom - top)]
        assert frame.score == pytest.approx(with_face[top:bottom, left:right].mean() / 255, abs=0.02)
        assert (frame.time_s, verdict.frames_without_face) == (0.1, 2)
        none = judge_video(client, make_video("b.mkv", [empty], codec="ffv1"), Judging(FIVE, faces=True))
    assert none.error == "no face was found in any of 1 frames"
    assert none.frames_without_face == 1


def test_faces_are_found_in_a_turned_video(brightness, make_video):
    pixels = np.clip(draw_face(np.random.default_rng(8), 200).pixels, 0, 255).astype(np.uint8)
    lying = np.rot90(pixels, -1)
    with brightness() as server, Client(server.address) as client:
        for turn, frames in ((90, 1), (-90, 0)):
            video = make_video(f"{turn}.mp4", [lying], rotation=turn)
            assert len(judge_video(client, video, Judging(FIVE, faces=True)).frames) == frames


def test_whole_frames_are_sent_the_way_a_player_shows_them(brightness, make_video):
    half = np.zeros((48, 64, 3), np.uint8)
    half[:24] = 255  # the upper half, which a quarter turn to the left makes the left one
    with brightness() as server, Client(server.address) as client:
        judge_video(client, make_video("a.mp4", [half], rotation=90), Judging(FIVE))
        [sent] = server.images
    picture = np.asarray(Image.open(io.BytesIO(sent)))
    assert picture.shape == (64, 48, 3)
    assert picture[:, :20].min() > 200 > 50 > picture[:, 28:].max()


def test_what_is_sent_is_lossless():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    picture = Image.open(io.BytesIO(encode(pixels)))
    assert picture.format == "PNG"
    np.testing.assert_array_equal(np.asarray(picture), pixels)


def test_a_bad_file_gets_its_reason(brightness, sound, tmp_path):
    with brightness() as server, Client(server.address) as client:
        for path, reason in (
            (sound, "no moving pictures"),
            (tmp_path / "absent.mp4", "cannot be read: No such"),
        ):
            verdict = judge_video(client, path)
            assert not verdict.ok
            assert reason in verdict.error
        assert server.asked == []


def test_no_server_is_no_fault_of_the_video(video):
    with Client("localhost:1", timeout_s=3) as client, pytest.raises(ServerUnreachableError):
        judge_video(client, video)


def test_a_missing_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(BadInputError, match=r"need PyAV.*pip install 'deepfake-inspector\[video\]'"):
        Judging().check()


def test_an_unknown_aggregate_is_refused():
    with pytest.raises(BadInputError, match="expected one of mean, median, max, received 'min'"):
        Judging(aggregate="min")


def test_the_rule():
    assert decide(0.5, 0.5, None) == "fake"
    assert decide(0.499, 0.5, None) == "real"
    assert [decide(score, 0.5, (0.4, 0.6)) for score in (0.39, 0.4, 0.59, 0.6)] == [
        "real",
        "uncertain",
        "uncertain",
        "fake",
    ]


def test_the_mean_of_equal_scores_is_that_score():
    threshold = float(np.float32(0.7))
    assert aggregate([threshold] * 7, "mean") == threshold
