import io
from fractions import Fraction

import numpy as np
import pytest

from functions.contracts.video import Rational
from functions.shoppable.decode import VideoRefused, open_video
from tests.unit.shoppable.clips import number_of, numbered, write_audio, write_clip


def refusal(body: bytes) -> str:
    with pytest.raises(VideoRefused) as refused:
        open_video(io.BytesIO(body))
    assert len(refused.value.message) > 10
    return refused.value.code


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "ts"])
def test_should_give_every_frame_its_number_and_time_in_every_container(tmp_path, suffix):
    path = write_clip(tmp_path / f"clip.{suffix}", frames=70, rate=Fraction(30000, 1001))

    with open_video(path) as video:
        frames = list(video.frames(0, 10_000))

    assert [frame.number for frame in frames] == list(range(70))
    assert [number_of(frame.image) for frame in frames] == list(range(70))
    assert all(abs(frame.ms - frame.number * 1001 / 30) <= 1 for frame in frames)
    assert frames[0].ms == 0


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_should_decode_the_same_frames_from_any_start(tmp_path, suffix):
    path = write_clip(tmp_path / f"clip.{suffix}", frames=80, gop=30)

    with open_video(path) as video:
        whole = [(frame.ms, frame.number) for frame in video.frames(0, 10_000)]
        for start in range(0, 3200, 170):
            part = [(frame.ms, number_of(frame.image)) for frame in video.frames(start, start + 300)]
            assert part == [entry for entry in whole if start <= entry[0] < start + 300]


def test_should_yield_only_the_frames_at_given_times(tmp_path):
    with open_video(write_clip(tmp_path / "clip.mp4")) as video:
        frames = list(video.frames_at([40, 1000, 1001, 2000], side=160))

    assert [number_of(frame.image) for frame in frames] == [1, 25, 50]
    assert {frame.image.shape for frame in frames} == {(90, 160, 3)}


@pytest.mark.parametrize(
    ("rotation", "side", "shape"), [(0, 160, (90, 160)), (-90, 160, (160, 90)), (0, 640, (180, 320))]
)
def test_should_bring_the_longer_side_down_to_what_is_asked(tmp_path, rotation, side, shape):
    with open_video(write_clip(tmp_path / "clip.mp4", frames=5, rotation=rotation)) as video:
        (frame,) = video.frames_at([40], side=side)

    assert frame.image.shape == (*shape, 3)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_should_yield_frames_at_times_far_apart_without_what_lies_between(tmp_path, suffix, monkeypatch):
    path = write_clip(tmp_path / f"clip.{suffix}", frames=200, gop=20)
    with open_video(path) as video:
        numbers = [3, 5, 19, 20, 21, 100, 139, 141, 199]
        times = [frame.ms for frame in video.frames(0, 10_000) if frame.number in numbers]
        decoded: list[int] = []
        milliseconds = type(video)._milliseconds
        monkeypatch.setattr(
            type(video), "_milliseconds", lambda self, pts: decoded.append(pts) or milliseconds(self, pts)
        )
        frames = list(video.frames_at(times, side=640))

    assert [number_of(frame.image) for frame in frames] == numbers
    assert [frame.number for frame in frames] == numbers
    # MPEG-TS has no index: nobody knows where its keyframes are.
    assert (len(decoded) < 150) == (suffix != "ts")


def test_should_reduce_pictures_by_whole_numbers_and_turn_them(tmp_path):
    with open_video(write_clip(tmp_path / "clip.mp4", rotation=-90, frames=5)) as video:
        small = next(video.small_frames(0, 1000, width=100))
        whole = next(video.frames(0, 1000)).image

    assert small.luma.shape == (160, 90)
    assert [plane.shape for plane in small.samples(40)] == [(22, 40)] + [(22, 40)] * 2
    assert small.luma.shape[0] > small.luma.shape[1]
    half = np.asarray(whole, float).reshape(160, 2, 90, 2, 3).mean(axis=(1, 3))
    luma = 16 + half @ np.array([0.098, 0.504, 0.257])
    assert np.abs(luma - small.luma).mean() < 3


def test_should_give_every_frame_of_a_part_of_a_thrifty_video_when_asked(tmp_path):
    path = write_clip(tmp_path / "clip.mp4")
    with open_video(path, thrifty=True) as video, open_video(path) as whole:
        few = [frame.number for frame in video.small_frames(0, 2400, width=480)]
        every = list(video.small_frames(600, 1400, width=480, every=True))
        again = [frame.number for frame in video.small_frames(0, 2400, width=480)]
        expected = list(whole.small_frames(600, 1400, width=480))

    assert few == again
    assert len(few) < 50
    assert [frame.number for frame in every] == list(range(15, 35))
    for frame, other in zip(every, expected, strict=True):
        assert np.abs(frame.luma.astype(int) - other.luma).mean() < 3


def test_should_report_exact_facts(tmp_path):
    with open_video(write_clip(tmp_path / "clip.mp4", rate=Fraction(60000, 1001), frames=120)) as video:
        assert (video.container, video.video_codec, video.audio_codec) == ("mov", "h264", None)
        assert (video.width, video.height, video.rotation_degrees) == (320, 180, 0)
        assert video.frame_rate == Rational(numerator=60000, denominator=1001)
        assert video.drop_frame
        assert video.duration_ms == 2002


def test_should_not_call_whole_rates_drop_frame(tmp_path):
    with open_video(write_clip(tmp_path / "clip.mp4", rate=Fraction(30))) as video:
        assert not video.drop_frame


@pytest.mark.parametrize(("turn", "degrees"), [(-90, 90), (90, 270), (180, 180)])
def test_should_turn_pictures_as_they_are_displayed(tmp_path, turn, degrees):
    with open_video(write_clip(tmp_path / "clip.mp4", rotation=turn, frames=10)) as video:
        assert video.rotation_degrees == degrees
        image = next(video.frames(0, 1000)).image

    assert image.shape[:2] == (video.height, video.width)
    upright = np.rot90(image, degrees // 90)
    assert np.abs(upright.astype(int) - numbered(0)).mean() < 12


def test_should_apply_the_sample_aspect_ratio(tmp_path):
    with open_video(write_clip(tmp_path / "clip.mp4", aspect=Fraction(4, 3), frames=10)) as video:
        assert (video.width, video.height) == (427, 180)
        assert next(video.frames(0, 100)).image.shape == (180, 427, 3)


def test_should_never_scale_up(tmp_path):
    with open_video(write_clip(tmp_path / "clip.mp4", frames=5)) as video:
        assert next(video.frames(0, 100, width=4000)).image.shape == (180, 320, 3)


def test_should_name_what_is_wrong_with_a_file_that_is_no_video(tmp_path):
    assert refusal(b"") == "EmptyFile"
    assert refusal(b"this is a text file\n" * 50) == "NotAVideo"
    assert refusal(write_audio(tmp_path / "audio.mp4").read_bytes()) == "NoVideoStream"


def test_should_not_open_what_a_playlist_names():
    assert refusal(b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/hostname\n") == "NotAVideo"


@pytest.mark.parametrize("faststart", [False, True])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95, 0.999])
def test_should_refuse_a_cut_mp4_as_truncated(tmp_path, faststart, share):
    body = write_clip(tmp_path / "clip.mp4", frames=100, faststart=faststart).read_bytes()

    assert refusal(body[: int(len(body) * share)]) == "Truncated"


def test_should_refuse_a_cut_matroska_file_as_truncated(tmp_path):
    body = write_clip(tmp_path / "clip.mkv", frames=100).read_bytes()

    assert refusal(body[: len(body) // 2]) == "Truncated"


def test_should_accept_rubbish_after_the_last_box(tmp_path):
    body = write_clip(tmp_path / "clip.mp4", frames=20).read_bytes()

    with open_video(io.BytesIO(body + b"\xff\xfe rubbish" * 9)) as video:
        assert video.duration_ms == 800


def test_should_either_decode_or_refuse_damaged_files(tmp_path):
    body = write_clip(tmp_path / "clip.mp4", frames=40).read_bytes()
    rng = np.random.default_rng(5)
    for _ in range(40):
        damaged = bytearray(body)
        for position in rng.integers(0, len(body), 25):
            damaged[position] = rng.integers(256)
        code = ""
        try:
            with open_video(io.BytesIO(bytes(damaged))) as video:
                assert sum(1 for _ in video.frames(0, 10_000)) <= 60
        except VideoRefused as refused:
            code = refused.code
        assert code in {
            "",
            "NotAVideo",
            "Truncated",
            "Unreadable",
            "NoVideoStream",
            "UnsupportedCodec",
            "TooLarge",
            "TooSmall",
        }
