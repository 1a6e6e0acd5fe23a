"""The encoder: what a player finds in the files."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import av
import cv2
import pytest

from embedded.cloud.mediaconvert.encode import Encoding, main
from embedded.cloud.mediaconvert.pictures import UnreadableError
from embedded.cloud.mediaconvert.plan import GroupMade, Message
from embedded.cloud.mediaconvert.settings import SettingsError, understand
from tests.embedded.clips import lie_on_side, make_clip

AUDIO = {
    "AudioSourceName": "Audio Selector 1",
    "CodecSettings": {
        "Codec": "AAC",
        "AacSettings": {"Bitrate": 96000, "SampleRate": 48000, "CodingMode": "CODING_MODE_2_0"},
    },
}


def rendition(width: int, height: int, *, audio: bool = True, **h264: Any) -> dict[str, Any]:
    settings = {"RateControlMode": "QVBR", "MaxBitrate": 800_000, "GopSizeUnits": "AUTO", **h264}
    output: dict[str, Any] = {
        "NameModifier": f"_{height}p",
        "ContainerSettings": {"Container": "M3U8"},
        "VideoDescription": {
            "Width": width,
            "Height": height,
            "ScalingBehavior": "STRETCH_TO_OUTPUT",
            "CodecSettings": {"Codec": "H_264", "H264Settings": settings},
        },
    }
    return output | ({"AudioDescriptions": [AUDIO]} if audio else {})


def hls(*outputs: dict[str, Any], **settings: Any) -> dict[str, Any]:
    group = {"Destination": "s3://out-bucket/media/index", "SegmentLength": 1, "MinSegmentLength": 0, **settings}
    return {"OutputGroupSettings": {"Type": "HLS_GROUP_SETTINGS", "HlsGroupSettings": group}, "Outputs": list(outputs)}


def files(destination: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    settings = {"Type": "FILE_GROUP_SETTINGS", "FileGroupSettings": {"Destination": destination}}
    return {"OutputGroupSettings": settings, "Outputs": list(outputs)}


def captures(seconds: int = 1, most: int = 10, width: int = 160, height: int = 90) -> dict[str, Any]:
    frames = {"FramerateNumerator": 1, "FramerateDenominator": seconds, "MaxCaptures": most, "Quality": 80}
    return {
        "ContainerSettings": {"Container": "RAW"},
        "VideoDescription": {
            "Width": width,
            "Height": height,
            "CodecSettings": {"Codec": "FRAME_CAPTURE", "FrameCaptureSettings": frames},
        },
    }


def job(*groups: dict[str, Any], audio: bool = True, rotate: str = "AUTO") -> dict[str, Any]:
    source: dict[str, Any] = {"FileInput": "s3://in-bucket/film.mp4", "VideoSelector": {"Rotate": rotate}}
    if audio:
        source["AudioSelectors"] = {"Audio Selector 1": {"DefaultSelection": "DEFAULT"}}
    return {"Inputs": [source], "OutputGroups": list(groups)}


def encode(settings: dict[str, Any], source: Path, folder: Path) -> tuple[GroupMade, ...]:
    return Encoding(understand(settings), source, folder, lambda _message: None).run()


def look(path: Path) -> dict[str, Any]:
    """Facts of a playlist or file, found by decoding all of it."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        sounds = container.streams.audio
        times: list[float] = []
        heard = 0.0
        for packet in container.demux(video, *sounds):
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    times.append(float(frame.time or 0))
                else:
                    heard += frame.samples / frame.sample_rate
        size = (video.codec_context.width, video.codec_context.height)
    return {"size": size, "frames": len(times), "seconds": times[-1] - times[0], "audio": heard}


def test_a_ladder_plays_at_every_rung_with_sound_and_full_length(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", seconds=2.4)
    made = encode(job(hls(rendition(320, 180), rendition(160, 90))), source, tmp_path / "out")
    folder = tmp_path / "out" / "0"
    assert made[0].playlist == "index.m3u8"
    for output, (width, height) in zip(made[0].outputs, [(320, 180), (160, 90)], strict=True):
        assert (output.width, output.height, output.duration_ms) == (width, height, 2400)
        facts = look(folder / f"index_{height}p.m3u8")
        assert facts["size"] == (width, height)
        assert facts["frames"] == 60
        assert facts["seconds"] == pytest.approx(59 / 25, abs=0.01)
        assert facts["audio"] == pytest.approx(2.4, abs=0.1)


def test_playlists_name_what_is_there(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", seconds=2.4)
    encode(job(hls(rendition(320, 180), rendition(160, 90))), source, tmp_path / "out")
    folder = tmp_path / "out" / "0"
    lines = (folder / "index.m3u8").read_text().splitlines()
    assert lines[0] == "#EXTM3U"
    assert [line for line in lines if not line.startswith("#")] == ["index_180p.m3u8", "index_90p.m3u8"]
    streams = [line for line in lines if line.startswith("#EXT-X-STREAM-INF:")]
    for stream, size in zip(streams, ["320x180", "160x90"], strict=True):
        assert f"RESOLUTION={size}" in stream
        assert 'CODECS="avc1.4D40' in stream
        assert "mp4a.40.2" in stream
        assert "FRAME-RATE=25.000" in stream
    media = (folder / "index_180p.m3u8").read_text().splitlines()
    segments = [line for line in media if not line.startswith("#")]
    assert segments == ["index_180p_00001.ts", "index_180p_00002.ts", "index_180p_00003.ts"]
    lengths = [float(line[8:-1]) for line in media if line.startswith("#EXTINF:")]
    assert lengths == pytest.approx([1.0, 1.0, 0.4])
    assert {"#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-ENDLIST", "#EXT-X-TARGETDURATION:1"} <= set(media)
    assert {path.name for path in folder.iterdir()} == {
        "index.m3u8",
        "index_180p.m3u8",
        "index_90p.m3u8",
        *segments,
    } | {name.replace("180p", "90p") for name in segments}


def test_every_segment_begins_with_a_keyframe(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", seconds=3)
    gop = {"GopSizeUnits": "SECONDS", "GopSize": 0.5}
    encode(job(hls(rendition(160, 90, **gop))), source, tmp_path / "out")
    for segment in sorted((tmp_path / "out" / "0").glob("*.ts")):
        with av.open(str(segment)) as container:
            keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
        assert keys[0]
        assert [at for at, key in enumerate(keys) if key] == [0, 13]


def test_equal_jobs_give_equal_bytes(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4")
    settings = job(hls(rendition(160, 90)), files("s3://out-bucket/p/poster", captures()))
    for name in ("one", "other"):
        encode(settings, source, tmp_path / name)
    one, other = (sorted(path for path in (tmp_path / name).rglob("*") if path.is_file()) for name in ("one", "other"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]
    assert len(one) == 6


def test_an_input_without_audio_gives_renditions_without(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", audio=False)
    encode(job(hls(rendition(160, 90))), source, tmp_path / "out")
    assert look(tmp_path / "out" / "0" / "index_90p.m3u8")["audio"] == 0
    assert "mp4a" not in (tmp_path / "out" / "0" / "index.m3u8").read_text()


@pytest.mark.parametrize(("degrees", "bright"), [(90, "top"), (180, "right"), (270, "bottom")])
def test_a_turned_film_stands_upright(tmp_path: Path, degrees: int, bright: str) -> None:
    source = make_clip(tmp_path / "film.mp4", seconds=1, audio=False)
    lie_on_side(source, degrees)
    size = (180, 320) if degrees != 180 else (320, 180)
    group = files("s3://out-bucket/p/poster", captures(width=size[0], height=size[1]))
    encode(job(hls(rendition(*size, audio=False)), group, audio=False), source, tmp_path / "out")
    assert look(tmp_path / "out" / "0" / f"index_{size[1]}p.m3u8")["size"] == size
    picture = cv2.imread(str(tmp_path / "out" / "1" / "poster.0000000.jpg"), cv2.IMREAD_GRAYSCALE)
    assert picture.shape == (size[1], size[0])
    third_high, third_wide = picture.shape[0] // 3, picture.shape[1] // 3
    sides = {
        "top": picture[:third_high].mean(),
        "bottom": picture[-third_high:].mean(),
        "left": picture[:, :third_wide].mean(),
        "right": picture[:, -third_wide:].mean(),
    }
    assert max(sides, key=lambda name: sides[name]) == bright


def test_rotation_is_none_unless_asked_for(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", seconds=1, audio=False)
    lie_on_side(source, 90)
    settings = job(hls(rendition(160, 90, audio=False)), audio=False)
    del settings["Inputs"][0]["VideoSelector"]
    del settings["OutputGroups"][0]["Outputs"][0]["VideoDescription"]["Height"]
    (made,) = encode(settings, source, tmp_path / "out")
    assert (made.outputs[0].width, made.outputs[0].height) == (160, 90)


def test_captures_come_at_their_times_until_there_are_enough(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", seconds=5, rate=10)
    group = files("s3://out-bucket/p/", captures(seconds=1, most=3))
    _, made = encode(job(hls(rendition(160, 90)), group), source, tmp_path / "out")
    assert made.outputs[0].files == ("film.0000000.jpg", "film.0000001.jpg", "film.0000002.jpg")
    first, second = (cv2.imread(str(tmp_path / "out" / "1" / name)) for name in made.outputs[0].files[:2])
    assert first.shape == (90, 160, 3)
    assert cv2.absdiff(first, second).mean() > 5


def test_an_mp4_has_its_index_in_front_and_its_frame_rate(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", rate=25)
    output = rendition(160, 90, FramerateControl="SPECIFIED", FramerateNumerator=10, FramerateDenominator=1)
    output |= {"ContainerSettings": {"Container": "MP4", "Mp4Settings": {"MoovPlacement": "PROGRESSIVE_DOWNLOAD"}}}
    (made,) = encode(job(files("s3://out-bucket/p/small", output)), source, tmp_path / "out")
    assert made.outputs[0].files == ("small_90p.mp4",)
    path = tmp_path / "out" / "0" / "small_90p.mp4"
    facts = look(path)
    assert facts["frames"] == 20
    assert facts["audio"] == pytest.approx(2, abs=0.1)
    body = path.read_bytes()
    assert body.index(b"moov") < body.index(b"mdat")


def test_a_picture_of_another_shape_gets_black_bars_unless_stretched(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "film.mp4", seconds=1, audio=False)
    fitted, stretched = captures(width=160, height=160), captures(width=160, height=160)
    stretched["VideoDescription"]["ScalingBehavior"] = "STRETCH_TO_OUTPUT"
    groups = [files("s3://out-bucket/a/fitted", fitted), files("s3://out-bucket/a/stretched", stretched)]
    encode(job(hls(rendition(160, 90, audio=False)), *groups, audio=False), source, tmp_path / "out")
    tops = [cv2.imread(str(next((tmp_path / "out" / str(group)).glob("*0000.jpg"))))[:20].mean() for group in (1, 2)]
    assert tops[0] < 3
    assert tops[1] > 50


@pytest.mark.parametrize("body", [b"", b"this is no film", b"\x00\x00\x00\x20ftypisom" + bytes(500)])
def test_what_is_no_video_is_an_unreadable_input(tmp_path: Path, body: bytes) -> None:
    source = tmp_path / "film.mp4"
    source.write_bytes(body)
    with pytest.raises(UnreadableError):
        encode(job(hls(rendition(160, 90))), source, tmp_path / "out")


def test_the_process_reports_progress_result_and_errors_as_lines(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(understand(job(hls(rendition(160, 90)))).model_dump_json())
    source = make_clip(tmp_path / "film.mp4", seconds=1)
    assert main([str(plan), str(source), str(tmp_path / "out")]) == 0
    messages = [Message.model_validate_json(line) for line in capsys.readouterr().out.splitlines()]
    assert [message.percent for message in messages[:-1]] == sorted(message.percent or 0 for message in messages[:-1])
    assert messages[-1].made is not None
    source.write_bytes(b"")
    assert main([str(plan), str(source), str(tmp_path / "out")]) == 1
    assert Message.model_validate_json(capsys.readouterr().out).error_code == 1010


def _changed(**changes: Any) -> dict[str, Any]:
    settings = job(hls(rendition(160, 90)), files("s3://out-bucket/p/poster", captures()))
    for place, value in changes.items():
        target: Any = settings
        *path, last = [int(part) if part.isdigit() else part for part in place.split("__")]
        for part in path:
            target = target[part]
        target[last] = value
    return copy.deepcopy(settings)


H264 = "OutputGroups__0__Outputs__0__VideoDescription__CodecSettings__H264Settings"
HLS = "OutputGroups__0__OutputGroupSettings__HlsGroupSettings"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Inputs__0__FileInput": "https://host/film.mp4"}, "no s3:// URI"),
        ({"Inputs": []}, "exactly one input"),
        ({"Inputs__0__InputClippings": [{}]}, "InputClippings is not served"),
        ({"OutputGroups": []}, "must not be empty"),
        ({"OutputGroups__0__Outputs__0__NameModifier": ""}, "nameModifier is a required"),
        ({"OutputGroups__0__Outputs__0__CaptionDescriptions": [{}]}, "CaptionDescriptions is not served"),
        ({f"{H264}__MaxBitrate": None}, "maxBitrate is a required"),
        ({f"{H264}__InterlaceMode": "TOP_FIELD"}, "'TOP_FIELD' is not served"),
        ({f"{HLS}__SegmentControl": "SINGLE_FILE"}, "'SINGLE_FILE' is not served"),
        ({f"{HLS}__Encryption": {}}, "Encryption is not served"),
        ({"OutputGroups__0__OutputGroupSettings__Type": "CMAF_GROUP_SETTINGS"}, "'CMAF_GROUP_SETTINGS' is not served"),
        ({"Inputs__0__AudioSelectors": {}}, "no audio selector 'Audio Selector 1'"),
    ],
)
def test_settings_that_are_wrong_or_not_served_are_refused_with_their_place(changes: dict, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        understand(_changed(**changes))


def test_a_job_of_captures_alone_is_refused() -> None:
    with pytest.raises(SettingsError, match="needs another output"):
        understand(job(files("s3://out-bucket/p/poster", captures())))


def test_two_outputs_of_one_name_are_refused() -> None:
    with pytest.raises(SettingsError, match="Two outputs would write"):
        understand(job(hls(rendition(160, 90), rendition(320, 90))))
