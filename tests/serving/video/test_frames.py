"""Frames of a file: the right ones, the right way up, and files that are none."""

import tracemalloc

import av
import numpy as np
import pytest

from serving.video import frames as frames_module
from serving.video.errors import VideoError
from serving.video.frames import sample_frames
from serving.video.sampling import Sampling

GREYS = [10 * position for position in range(20)]  # two seconds


def _greys(path, *sampling):
    return [
        (frame.time_s, round(float(frame.pixels.mean())))
        for frame in sample_frames(path, Sampling(*sampling))
    ]


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "mpeg4"), ("a.mov", "libx264"), ("a.mkv", "ffv1"), ("a.webm", "libvpx"), ("a.avi", "mpeg4")],
)
@pytest.mark.parametrize(
    ("rate", "most", "expected"),
    [
        (1, 300, [0, 10]),
        (5, 300, list(range(0, 20, 2))),
        (1000, 300, list(range(20))),
        (10, 3, [0, 10, 19]),
        (10, 1, [10]),
    ],
)
def test_the_frames_at_the_times_asked_for(make_video, name, codec, rate, most, expected):
    found = _greys(make_video(name, GREYS, codec=codec), rate, most)

    assert [time for time, _ in found] == pytest.approx([position / 10 for position in expected])
    assert [grey for _, grey in found] == pytest.approx([GREYS[position] for position in expected], abs=6)


def test_pictures_are_rgb(make_video):
    red = np.zeros((48, 64, 3), np.uint8)
    red[...] = (200, 30, 60)
    [frame] = sample_frames(make_video("a.mp4", [red]), Sampling())

    assert (frame.time_s, frame.pixels.dtype, frame.pixels.shape) == (0.0, np.uint8, (48, 64, 3))
    np.testing.assert_allclose(frame.pixels.mean((0, 1)), (200, 30, 60), atol=6)


@pytest.mark.parametrize("turn", [0, 90, 180, -90])
def test_pictures_are_turned_as_a_player_turns_them(make_video, turn):
    corner = np.zeros((48, 64, 3), np.uint8)
    corner[:24, :32] = 255  # top left
    [frame] = sample_frames(make_video("a.mp4", [corner], rotation=turn), Sampling())

    # The display matrix turns counterclockwise, as numpy does.
    expected = np.rot90(corner, turn // 90)
    assert frame.pixels.shape == expected.shape
    assert np.abs(frame.pixels.astype(int) - expected).mean() < 8


def test_times_are_counted_from_the_first_frame_of_the_video(make_video, tmp_path):
    late = tmp_path / "late.mkv"
    with av.open(str(make_video("a.mkv", GREYS, codec="ffv1"))) as source, av.open(str(late), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.pts is not None:
                packet.pts += 5000
                packet.dts = packet.pts
                packet.stream = stream
                out.mux(packet)

    assert [time for time, _ in _greys(late, 1)] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "mpeg4", {}),
        ("a.mp4", "libx264", {"movflags": "faststart"}),
        ("a.mov", "mpeg4", {"movflags": "faststart"}),
        ("a.mkv", "ffv1", {}),
        ("a.webm", "libvpx", {}),
        ("a.avi", "mpeg4", {}),
    ],
)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.7])
def test_a_file_that_was_cut_short_is_refused(make_video, name, codec, options, share):
    path = make_video(name, GREYS, codec=codec, options=options)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])

    with pytest.raises(
        VideoError,
        match=r"damaged or cut short|cannot be read as a video|no moving pictures|not a single frame",
    ):
        list(sample_frames(path, Sampling()))


def test_a_title_that_is_no_text_does_not_matter(make_video):
    path = make_video("a.mp4", GREYS)
    content = path.read_bytes()
    assert b"VideoHandler" in content
    path.write_bytes(content.replace(b"VideoHandler", b"Vid\xe9oHandler"))

    assert [time for time, _ in _greys(path, 1)] == [0.0, 1.0]


def test_sound_may_go_on_after_the_pictures(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("mpeg4", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=8000, layout="mono")
        for grey in GREYS:
            pixels = np.full((48, 64, 3), grey, np.uint8)
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        for position in range(40):  # five seconds
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.rate, frame.pts = 8000, 1024 * position
            container.mux(sound.encode(frame))
        for stream in (pictures, sound):
            container.mux(stream.encode(None))

    assert [time for time, _ in _greys(path, 1)] == [0.0, 1.0]


def test_a_file_without_pictures_is_refused(sound):
    with pytest.raises(VideoError, match="no moving pictures in it, only audio"):
        list(sample_frames(sound, Sampling()))


@pytest.mark.parametrize("content", [b"", b"text", bytes(5000)])
def test_what_is_no_video_is_refused(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoError, match="cannot be read"):
        list(sample_frames(path, Sampling()))


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(VideoError, match="No such file or directory"):
        list(sample_frames(tmp_path / "absent.mp4", Sampling()))


@pytest.mark.parametrize(
    ("name", "words"), [("a.avi", "not a single frame"), ("a.mkv", "cannot be read as a video: End of file")]
)
def test_a_video_of_no_frames_is_refused(tmp_path, name, words):
    path = tmp_path / name
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    with pytest.raises(VideoError, match=words):
        list(sample_frames(path, Sampling()))


def test_a_video_of_huge_frames_is_refused_before_they_are_decoded(make_video, monkeypatch):
    path = make_video("a.mp4", GREYS)
    monkeypatch.setattr(frames_module, "MAX_PIXELS", 64 * 48 - 1)
    with pytest.raises(VideoError, match="expected frames of at most 3,071 pixels, received 64x48"):
        list(sample_frames(path, Sampling()))


def test_memory_does_not_grow_with_the_length(make_video):
    def peak(count):
        path = make_video(f"{count}.mp4", (np.full((240, 320, 3), 100, np.uint8) for _ in range(count)))
        tracemalloc.start()
        for _ in sample_frames(path, Sampling(10, 1000)):
            pass
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    assert peak(200) < peak(20) + 3 * 240 * 320 * 3
