"""The known track holds what it says, its ears hear what an upload holds, and films keep its times."""

import itertools
import subprocess

import numpy as np
import pytest

from emulator.ears import PerfectEars
from emulator.track import BREATHLESS_S, MUSIC_S, RATE, SILENCE_S, make_track


@pytest.fixture(scope="module")
def track():
    return make_track(2, seed=7)


@pytest.fixture(scope="module")
def ears(track):
    return PerfectEars(track)


def texts(words):
    return [word.text.lower() for word in words]


def decoded(path, *options):
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a:0", *options, "-ac", "1", "-ar", str(RATE)]
    raw = subprocess.run([*argv, "-f", "s16le", "pipe:1"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, dtype="<i2")


def test_the_same_seed_makes_the_same_track_and_another_seed_another():
    one, same, other = make_track(0.5, seed=1), make_track(0.5, seed=1), make_track(0.5, seed=2)
    assert np.array_equal(one.samples, same.samples)
    assert one.words == same.words
    assert one.words != other.words
    assert len(one.samples) == 30 * RATE
    assert texts(make_track(0.5, seed=1, language="de").words) != texts(one.words)


def test_words_are_in_order_and_do_not_touch(known_track):
    for left, right in itertools.pairwise(known_track.words):
        assert left.start < left.end < right.start
    assert known_track.words[-1].end <= len(known_track.samples)


def test_the_track_holds_breathless_speech_a_long_silence_and_music(known_track):
    start, end = known_track.stretches["breathless"]
    words = known_track.words_inside(start, end)
    assert (end - start) / RATE >= BREATHLESS_S
    assert max(right.start - left.end for left, right in itertools.pairwise(words)) < 0.05 * RATE
    for name, length_s in (("silence", SILENCE_S), ("music", MUSIC_S)):
        start, end = known_track.stretches[name]
        assert end - start == length_s * RATE
        assert any(0 < start - word.end < 0.15 * RATE for word in known_track.words)
        assert any(0 < word.start - end < 0.15 * RATE for word in known_track.words)
    loudness = {
        name: np.abs(known_track.samples[slice(*known_track.stretches[name])])
        for name in ("silence", "music")
    }
    assert loudness["silence"].max() <= 1
    assert loudness["music"].mean() > 500


def test_speech_detection_finds_every_word(known_track):
    from faster_whisper.vad import get_vad_model

    whole = known_track.samples[: 5 * 60 * RATE // 512 * 512].astype(np.float32) / 32768
    is_speech = get_vad_model()(whole).ravel() > 0.5
    words = known_track.words_inside(0, len(whole))
    found = [is_speech[word.start // 512 : word.end // 512 + 1].any() for word in words]
    print(f"speech is found in {sum(found)} of {len(found)} words")
    assert sum(found) >= 0.99 * len(found)


@pytest.mark.parametrize(("start_s", "length_s"), [(0, 5), (10.0005, 2), (37.3, 20), (29.99, 90), (100, 20)])
def test_perfect_ears_hear_exactly_the_words_inside_a_slice(track, ears, start_s, length_s):
    start, end = round(start_s * RATE), round((start_s + length_s) * RATE)
    upload = track.samples[start:end]
    known = track.words_inside(start, start + len(upload))
    heard = ears.hear(upload)
    assert len(known) > 1
    assert texts(heard.words) == texts(known)
    for word, truth in zip(heard.words, known, strict=True):
        assert word.start_s == pytest.approx((truth.start - start) / RATE, abs=0.0051)
        assert word.end_s == pytest.approx((truth.end - start) / RATE, abs=0.0051)


def test_perfect_ears_find_any_twenty_seconds_of_half_an_hour(known_track, perfect_ears):
    for start in np.random.default_rng(3).integers(0, len(known_track.samples) - 20 * RATE, 10):
        known = known_track.words_inside(start, start + 20 * RATE)
        assert texts(perfect_ears.hear(known_track.samples[start : start + 20 * RATE]).words) == texts(known)


def test_an_upload_that_begins_before_the_track_is_heard_at_its_own_times(track, ears):
    late = np.concatenate([np.zeros(round(2.9 * RATE), dtype=np.int16), track.samples[: 10 * RATE]])
    heard = ears.hear(late)
    assert texts(heard.words) == texts(track.words_inside(0, 10 * RATE))
    assert heard.words[0].start_s == pytest.approx(2.9 + track.words[0].start / RATE, abs=0.0051)


def test_a_word_that_is_cut_off_or_partly_missing_is_not_heard(track, ears):
    first, second, *_, last = track.words_inside(20 * RATE, 40 * RATE)
    upload = track.samples[first.start + 200 : last.end].copy()
    shift = first.start + 200
    middle = (second.start + second.end) // 2
    upload[middle - shift : second.end - shift] = 0
    known = [word for word in track.words_inside(first.start, last.end) if word not in (first, second)]
    assert texts(ears.hear(upload).words) == texts(known)


def test_words_in_a_hole_are_not_heard_and_those_around_it_keep_their_times(track, ears):
    upload = track.samples[10 * RATE : 60 * RATE].copy()
    upload[20 * RATE : 35 * RATE] = 0
    known = (*track.words_inside(10 * RATE, 30 * RATE), *track.words_inside(45 * RATE, 60 * RATE))
    heard = ears.hear(upload)
    assert texts(heard.words) == texts(known)
    assert heard.words[-1].start_s == pytest.approx(known[-1].start / RATE - 10, abs=0.0051)


def test_audio_that_lost_its_place_loses_its_words(track, ears):
    upload = np.concatenate([track.samples[10 * RATE : 40 * RATE], track.samples[45 * RATE : 60 * RATE]])
    assert texts(ears.hear(upload).words) == texts(track.words_inside(10 * RATE, 40 * RATE))


def test_silence_music_and_noise_hold_no_words(known_track, perfect_ears):
    noise = np.random.default_rng(5).normal(0, 3000, 20 * RATE).astype(np.int16)
    stretches = [known_track.samples[slice(*known_track.stretches[name])] for name in ("silence", "music")]
    for upload in (*stretches, noise, np.zeros(RATE, dtype=np.int16)):
        heard = perfect_ears.hear(upload)
        assert (heard.words, heard.segments) == ((), ())


def test_segments_hold_all_words_with_a_capital_first_and_a_mark_last(track, ears):
    heard = ears.hear(track.samples)
    assert heard.segments[0].text[0].isupper()
    assert all(segment.text[-1] in ".," for segment in heard.segments)
    said = [word.strip(".,") for segment in heard.segments for word in segment.text.split()]
    assert said == [word.text for word in heard.words]
    assert max(len(segment.text.split()) for segment in heard.segments) <= 14
    for left, right in itertools.pairwise(heard.segments):
        assert left.start_s < left.end_s <= right.start_s


FILMS = [
    {},
    {"audio_delay_s": 2.9},
    {"video_delay_s": 2},
    {"drop_packets": (60, 65)},
    {"audio_delay_s": 2.9, "drop_packets": (60, 65)},
    {"container": "mkv", "audio_codec": "opus"},
    {"container": "mkv", "audio_codec": "opus", "drop_packets": (60, 65)},
    {"container": "mkv", "audio_delay_s": 2.9},
    {"container": "mp3", "audio_codec": "mp3"},
    {"container": "webm", "audio_codec": "opus"},
    {"container": "ts"},
]


@pytest.mark.parametrize("kind", FILMS, ids=lambda kind: ",".join(map(str, kind.values())) or "plain")
def test_the_words_of_a_film_are_heard_when_it_says(film, track, ears, kind):
    made = film(track, **kind)
    samples = decoded(made.path, "-af", "aresample=async=1:first_pts=0")
    heard = ears.hear(samples).words
    assert texts(heard) == texts(made.words)
    off_ms = [
        abs(word.start_s * 1000 - truth.start_ms) for word, truth in zip(heard, made.words, strict=True)
    ]
    assert max(off_ms) <= 8  # 5 of rounding, the rest a codec's


def test_missing_packets_are_a_hole_in_the_container_and_take_whole_words(film, track):
    made = film(track, drop_packets=(60, 65))
    argv = [
        "ffprobe",
        "-v",
        "error",
        "-select_streams",
        "a:0",
        "-show_entries",
        "packet=pts_time",
        "-of",
        "csv=p=0",
    ]
    shown = subprocess.run([*argv, str(made.path)], check=True, capture_output=True, text=True).stdout
    times = [float(line.strip(",")) for line in shown.split()]
    gap_s = max(right - left for left, right in itertools.pairwise(times))
    start_ms, end_ms = made.hole_ms
    assert gap_s * 1000 == pytest.approx(end_ms - start_ms, abs=60)
    assert gap_s >= 4.9
    assert len(made.words) < len(track.words)
    assert not any(word.start_ms < end_ms and word.end_ms > start_ms for word in made.words)
