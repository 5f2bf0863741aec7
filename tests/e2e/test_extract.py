"""The sound of real files: a sample's index is its time, whatever the container does."""

import tracemalloc

import numpy as np
import pytest

from small_media import PICTURE, RATE, ffmpeg, lag_ms, noise, write_wav
from subtitler.errors import NoAudioTrack, ToolFailed, UnreadableMedia, UsageError
from subtitler.media.extract import extract
from subtitler.media.probe import choose_audio_track, probe
from subtitler.timing import Span

LONG_S = 40


def heard(path, *, wish=None, clip=None):
    info = probe(path)
    with extract(info, choose_audio_track(info, wish), clip=clip) as sound:
        blocks = list(sound)
    samples = np.concatenate([np.zeros(0, np.int16), *blocks])
    assert sound.sample_count == len(samples)
    assert samples.dtype == np.int16
    assert all(len(block) == RATE for block in blocks[:-1])
    return samples, sound.damage


def silence_between(samples, start_s, end_s):
    return not np.abs(samples[int(start_s * RATE) : int(end_s * RATE)].astype(int)).max(initial=0) > 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sound")


@pytest.fixture(scope="module")
def wav(folder):
    return write_wav(folder / "n.wav", noise(LONG_S))


@pytest.fixture(scope="module")
def media(folder, wav):
    """The same noise in many containers, made when asked for."""
    recipes = {
        "mp4": (*PICTURE, "-i", wav, "-c:v", "libx264", "-c:a", "aac", "-shortest"),
        "mkv": (*PICTURE, "-i", wav, "-c:v", "libx264", "-c:a", "libopus", "-shortest"),
        "webm": (*PICTURE, "-i", wav, "-c:v", "libvpx", "-c:a", "libvorbis", "-shortest"),
        "ts": (
            *PICTURE,
            "-i",
            wav,
            "-c:v",
            "mpeg2video",
            "-c:a",
            "mp2",
            "-shortest",
            "-output_ts_offset",
            3600,
        ),
        "avi": (*PICTURE, "-i", wav, "-c:v", "mpeg4", "-c:a", "libmp3lame", "-q:a", 4, "-shortest"),
        "mp3": ("-i", wav, "-q:a", 4),
        "ogg": ("-i", wav, "-c:a", "libvorbis"),
        "flac": ("-i", wav),
        "aac": ("-i", wav),
        "wav": None,
    }
    made = {"wav": wav}

    def make(suffix):
        if suffix not in made:
            made[suffix] = folder / f"n.{suffix}"
            ffmpeg(*recipes[suffix], "-t", LONG_S, made[suffix])
        return made[suffix]

    return make


ALL = ["mp4", "mkv", "webm", "ts", "avi", "mp3", "ogg", "flac", "aac", "wav"]


@pytest.mark.parametrize("suffix", ALL)
def test_sound_stays_in_its_place_from_the_first_minute_to_the_last(media, suffix):
    samples, damage = heard(media(suffix))
    assert damage is None
    assert abs(len(samples) / RATE - LONG_S) < 0.2
    for at_s in (1, 20, 36):
        late, alike = lag_ms(samples, noise(LONG_S)[at_s * RATE : (at_s + 2) * RATE], at_ms=at_s * 1000)
        assert -1 <= late <= 75, "an encoder's delay, as players play it"
        assert alike > 0.8


@pytest.mark.parametrize("suffix", ALL)
def test_a_clip_holds_the_same_samples_as_the_whole_at_that_place(media, suffix):
    whole, _ = heard(media(suffix))
    for clip in (Span(500, 2500), Span(7_321, 9_321), Span(31_500, 34_000)):
        samples, damage = heard(media(suffix), clip=clip)
        assert damage is None
        assert len(samples) == clip.duration_ms * RATE // 1000
        late, alike = lag_ms(whole, samples, at_ms=clip.start_ms)
        assert abs(late) <= 1
        assert alike > 0.9


@pytest.mark.parametrize("suffix", ["mp4", "ts"])
def test_a_clip_may_end_after_the_media(media, suffix):
    samples, damage = heard(media(suffix), clip=Span(38_000, 100_000))
    assert damage is None
    assert abs(len(samples) / RATE - 2) < 0.2


def test_a_clip_that_begins_after_the_end_is_a_wrong_request(media):
    with pytest.raises(UsageError, match=r"begins at 0:41, past the end .* 0:40 long") as caught:
        heard(media("mp4"), clip=Span(41_000, 42_000))
    assert caught.value.exit_code == 2


def late_film(folder, wav, suffix, *, audio_s=0.0, video_s=0.0):
    """A film whose sound, or picture, begins late."""
    path = folder / f"late_{audio_s}_{video_s}.{suffix}"
    codecs = {"mp4": ("libx264", "aac"), "mkv": ("libx264", "libopus")}.get(suffix, ("mpeg2video", "mp2"))
    plain = folder / f"plain.{suffix}"
    ffmpeg(*PICTURE, "-i", wav, "-t", 12, "-c:v", codecs[0], "-c:a", codecs[1], plain)
    ffmpeg("-itsoffset", video_s, "-i", plain, "-itsoffset", audio_s, "-i", plain,
           "-map", "0:v", "-map", "1:a", "-c", "copy", path)  # fmt: skip
    return path


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "mpg"])
def test_sound_that_begins_late_is_late(folder, wav, suffix):
    samples, damage = heard(late_film(folder, wav, suffix, audio_s=2.9))
    late, _ = lag_ms(samples, noise(LONG_S)[5 * RATE : 8 * RATE], at_ms=7_900)
    assert abs(late) <= 40
    assert silence_between(samples, 0, 2.8)
    assert damage is None


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_picture_that_begins_late_moves_no_sound(folder, wav, suffix):
    samples, _ = heard(late_film(folder, wav, suffix, video_s=2.0))
    late, _ = lag_ms(samples, noise(LONG_S)[5 * RATE : 8 * RATE], at_ms=5_000)
    assert abs(late) <= 40


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("hole_s", [5, 15])
def test_missing_packets_are_silence(folder, media, suffix, hole_s):
    path = folder / f"hole{hole_s}.{suffix}"
    if suffix == "ts":
        source, per_second = media("ts"), 16_000 / 1152
    else:
        source, per_second = media("mp4"), 16_000 / 1024
    first, last = int(10 * per_second), int((10 + hole_s) * per_second)
    ffmpeg("-i", source, "-c", "copy", "-bsf:a", f"noise=drop=between(n\\,{first}\\,{last})", path)
    samples, _ = heard(path)
    before, after = (
        lag_ms(samples, noise(LONG_S)[s * RATE : (s + 2) * RATE], at_ms=s * 1000) for s in (3, 30)
    )
    assert abs(after[0] - before[0]) <= 30
    assert abs(before[0]) <= 75, "an encoder's delay, which ffmpeg does not tell Matroska"
    assert min(before[1], after[1]) > 0.8
    assert silence_between(samples, 10.3, 9.7 + hole_s)


def test_a_change_of_channels_on_the_way_repeats_no_time(folder, wav):
    """Broadcasts change from stereo to 5.1; ffmpeg's own filling of holes starts again at 0 there."""
    parts = [folder / "stereo.ts", folder / "surround.ts"]
    ffmpeg("-i", wav, "-t", 10, "-ac", 2, "-c:a", "ac3", parts[0])
    ffmpeg("-ss", 10, "-i", wav, "-t", 10, "-ac", 6, "-c:a", "ac3", "-output_ts_offset", 10, parts[1])
    path = folder / "change.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    samples, _ = heard(path)
    assert abs(len(samples) / RATE - 20) < 0.2
    for at_s in (5, 15):
        late, alike = lag_ms(samples, noise(LONG_S)[at_s * RATE : (at_s + 2) * RATE], at_ms=at_s * 1000)
        assert abs(late) <= 40
        assert alike > 0.8


@pytest.mark.parametrize("channels", [2, 6, 8, 10, 16])
def test_speech_in_one_channel_of_many_survives(folder, channels):
    import wave

    path = folder / f"{channels}.wav"
    sound = np.zeros((RATE * 2, channels), np.int16)
    sound[:, min(2, channels - 1)] = noise(2)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.tobytes())
    samples, _ = heard(path)
    late, alike = lag_ms(samples, noise(2)[8000:24_000], at_ms=500)
    assert abs(late) < 1
    assert alike > 0.95
    assert np.abs(samples).max() > 500


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "wav"])
def test_a_truncated_file_gives_its_sound_and_says_so(folder, media, suffix):
    whole = media(suffix)
    if suffix == "mp4":
        ffmpeg("-i", whole, "-c", "copy", "-movflags", "+faststart", folder / "fast.mp4")
        whole = folder / "fast.mp4"
    path = folder / f"cut.{suffix}"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    samples, damage = heard(path)
    assert 15 < len(samples) / RATE < 30
    assert "is damaged" in damage
    assert "ends at 0:2" in damage
    assert "the file says 0:" in damage
    late, _ = lag_ms(samples, noise(LONG_S)[5 * RATE : 7 * RATE], at_ms=5000)
    assert abs(late) < 30


def test_a_clip_before_the_damage_is_whole(folder, media):
    whole = media("wav").read_bytes()
    path = folder / "cut_late.wav"
    path.write_bytes(whole[: len(whole) * 6 // 10])
    assert heard(path, clip=Span(5000, 9000))[1] is None
    assert "ends at" in heard(path, clip=Span(20_000, 30_000))[1]


def test_garbage_in_the_middle_is_a_read_error(folder, media):
    data = bytearray(media("mp4").read_bytes())
    start = data.index(b"mdat") + 4
    middle = start + (len(data) - start) // 2
    data[middle : middle + 20_000] = noise(0.625, seed=9).tobytes()
    path = folder / "garbage.mp4"
    path.write_bytes(data)
    samples, damage = heard(path)
    assert abs(len(samples) / RATE - LONG_S) < 0.2
    assert "errors in reading (" in damage
    late, _ = lag_ms(samples, noise(LONG_S)[36 * RATE : 38 * RATE], at_ms=36_000)
    assert abs(late) <= 30


def test_sound_shorter_than_its_film_is_no_damage(folder, wav):
    for suffix, codecs in {"mp4": ("libx264", "aac"), "webm": ("libvpx", "libopus")}.items():
        path = folder / f"short.{suffix}"
        ffmpeg(
            *PICTURE,
            "-t",
            20,
            "-i",
            wav,
            "-t",
            20,
            "-af",
            "atrim=end=8",
            "-c:v",
            codecs[0],
            "-c:a",
            codecs[1],
            path,
        )
        samples, damage = heard(path)
        assert abs(len(samples) / RATE - 8) < 0.2
        assert damage is None


def test_an_empty_track_gives_no_sample_and_no_error(folder):
    path = write_wav(folder / "nothing.wav", np.zeros(0, np.int16))
    samples, damage = heard(path)
    assert (len(samples), damage) == (0, None)


def test_a_track_of_which_nothing_can_be_decoded_is_unreadable(folder, media):
    data = bytearray(media("flac").read_bytes())
    header = data.index(b"\xff\xf8")
    data[header:] = noise((len(data) - header) / 2 / RATE, seed=3).tobytes()[: len(data) - header]
    path = folder / "ruin.flac"
    path.write_bytes(data)
    with pytest.raises(UnreadableMedia, match="nothing can be decoded of audio track 0") as caught:
        heard(path)
    assert caught.value.exit_code == 3
    assert caught.value.hint


def test_a_decoder_that_is_ended_by_others_is_a_failure_and_no_end_of_sound(media):
    info = probe(media("mp4"))
    with extract(info, info.tracks[1]) as sound:
        next(sound)
        sound._stream._child._process.kill()
        with pytest.raises(ToolFailed, match="signal 9"):
            list(sound)


def test_leaving_early_leaves_no_process(media):
    info = probe(media("mp4"))
    with extract(info, info.tracks[1]) as sound:
        next(sound)
        process = sound._stream._child._process
    assert process.poll() is not None


def test_an_hour_needs_no_more_memory_than_a_minute(folder):
    peaks = []
    for seconds in (60, 3600):
        path = folder / f"{seconds}.flac"
        ffmpeg("-f", "lavfi", "-i", f"sine=frequency=300:sample_rate=16000:duration={seconds}", path)
        info = probe(path)
        tracemalloc.start()
        with extract(info, info.tracks[0]) as sound:
            assert sum(map(len, sound)) == seconds * RATE
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 500_000
    assert peaks[1] < 8_000_000


REFERENCE_S = 2, 12

SHIFTS = {
    # the sound begins 2.5 s late
    "audio_delay_2s5.mp4": 2500,
    "audio_delay_2s5.mkv": 2500,
    # the same place on the media's clock
    "ts_start_3600s.ts": 0,
    "vbr.mp3": 0,
    "mp3_named_as.wav": 0,
    "mulaw_8k.wav": 0,
    "quiet_-38dB.flac": 0,
    "speech.webm": 0,
    "surround51_center_only.mkv": 0,
    "vfr.mp4": 0,
    "two_audio_eng_deu.mp4": 0,
    "two_audio_ger_eng_default2.mkv": 0,
    # mp3 and wma without a word about their encoders' delay: every player is as late
    "speech.avi": 46,
    "speech.flv": 50,
    "speech.wma": 85,
}


@pytest.fixture(scope="module")
def plain(samples):
    start, end = REFERENCE_S
    return heard(samples / "containers" / "derived" / "plain.mp4")[0][start * RATE : end * RATE]


@pytest.mark.samples
@pytest.mark.parametrize("name", SHIFTS)
def test_one_recording_in_many_containers_is_heard_at_its_time(samples, plain, name):
    found, damage = heard(samples / "containers" / "derived" / name)
    late, alike = lag_ms(found, plain, at_ms=REFERENCE_S[0] * 1000 + SHIFTS[name])
    print(f"{name}: {late + SHIFTS[name]:.1f} ms after plain.mp4, {alike:.3f} alike")
    assert abs(late) <= 25
    assert alike > 0.9
    assert damage is None


CLIPPED = ["audio_delay_2s5.mp4", "audio_delay_2s5.mkv", "ts_start_3600s.ts", "vbr.mp3", "speech.avi"]


@pytest.mark.samples
@pytest.mark.parametrize("name", CLIPPED)
def test_a_clip_of_real_speech_is_cut_where_it_says(samples, name):
    path = samples / "containers" / "derived" / name
    whole, _ = heard(path)
    clip, _ = heard(path, clip=Span(9_000, 12_000))
    late, alike = lag_ms(whole, clip, at_ms=9_000)
    assert abs(late) <= 1
    assert alike > 0.99


@pytest.mark.samples
def test_only_what_is_broken_is_called_damaged(samples):
    damaged = {}
    containers = samples / "containers"
    for path in sorted([*containers.iterdir(), *(containers / "derived").iterdir()]):
        if path.is_dir() or path.suffix == ".txt":
            continue
        try:
            _, damage = heard(path)
        except (UnreadableMedia, NoAudioTrack):
            continue
        if damage:
            print(f"{path.name}: {damage}")
            damaged[path.name] = damage
    assert set(damaged) == {
        "corrupt_middle.mp3",
        "truncated_60pct.mkv",
        "exo_sample_ac3.ts",
        "exo_sample_cbs_truncated.adts",
    }
    assert "ends at 0:10, though the file says 0:17" in damaged["truncated_60pct.mkv"]
