"""Half an hour of known words: none is lost, none is added, and times stay true to the end."""

from pathlib import Path

import numpy as np
import pytest

from commands import run_subtitler
from emulator.ears import PerfectEars
from emulator.film import make_film
from emulator.track import make_track
from subtitler.formats import parse_cues
from subtitler.words import normalise

VARIANTS = {
    "late audio": {"audio_delay_s": 2.9},
    "late video": {"video_delay_s": 2.0},
    "missing packets": {"drop_packets": (900.0, 905.0)},
    "mkv with opus": {"container": "mkv", "audio_codec": "opus"},
    "mp3": {"container": "mp3", "audio_codec": "mp3"},
}


def subtitles_of(film_path, emulator, out, *options, timeout_s=600):
    """The cues that the command line makes of a film."""
    done = run_subtitler(
        "generate", film_path, "-o", out, "--engine", "api", "--base-url", emulator.base_url,
        "--language", "en", "--json", *options, timeout_s=timeout_s,
    )  # fmt: skip
    assert done.code == 0, done.stderr
    (result,) = done.results
    assert result["status"] == "done"
    assert result["gaps"] == []
    return result, parse_cues(Path(out).read_text(encoding="utf-8"))


def words_of(cues):
    return [normalise(word) for cue in cues for line in cue.lines for word in line.split()]


def assert_words_are_all_there(cues, film):
    expected = [normalise(word.text) for word in film.words]
    found = words_of(cues)
    if found != expected:
        at = next(
            (n for n, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b),
            min(len(found), len(expected)),
        )
        pytest.fail(
            f"{len(found)} words for {len(expected)}; from word {at - 3} on "
            f"{found[at - 3 : at + 4]} for {film.words[at - 3 : at + 4]}"
        )


def start_errors_ms(cues, film):
    """How much later than its first word each cue starts; words must be all there."""
    errors, position = [], 0
    for cue in cues:
        errors.append(cue.span.start_ms - film.words[position].start_ms)
        position += len(words_of([cue]))
    return np.array(errors)


@pytest.mark.parametrize("response_format", ["verbose_json", "srt", "vtt", "json", "text"])
def test_no_word_is_lost_or_added_in_any_response_format(
    known_track, perfect_ears, film, emulator, tmp_path, response_format
):
    made = film(known_track)
    server = emulator(ears=perfect_ears)
    result, cues = subtitles_of(made.path, server, tmp_path / "out.srt", "--response-format", response_format)
    assert_words_are_all_there(cues, made)
    assert not result["truncated"]
    assert result["sent_s"] < 1.05 * len(known_track.samples) / 16_000 - 80, "silence and music were sent"
    errors = start_errors_ms(cues, made)
    print(f"{response_format}: {len(cues)} cues, start error {errors.min()} to {errors.max()} ms")
    if response_format == "verbose_json":
        assert np.abs(errors).max() <= 50


@pytest.mark.parametrize("variant", VARIANTS)
def test_times_stay_true_in_every_container(known_track, perfect_ears, film, emulator, tmp_path, variant):
    made = film(known_track, **VARIANTS[variant])
    _, cues = subtitles_of(made.path, emulator(ears=perfect_ears), tmp_path / "out.srt")
    assert_words_are_all_there(cues, made)
    errors = start_errors_ms(cues, made)
    print(f"{variant}: {len(cues)} cues, start error {errors.min()} to {errors.max()} ms")
    assert np.abs(errors).max() <= 50


@pytest.fixture(scope="module")
def short_track():
    """Eight minutes, with breathless speech, silence and music in them like the long one."""
    return make_track(8, seed=5)


@pytest.mark.parametrize("max_chunk_s", [5, 15, 300])
def test_chunks_of_any_length_lose_nothing(short_track, film, emulator, tmp_path, max_chunk_s):
    made = film(short_track, container="m4a")
    server = emulator(ears=PerfectEars(short_track))
    _, cues = subtitles_of(made.path, server, tmp_path / "out.srt", "--max-chunk-s", str(max_chunk_s))
    assert_words_are_all_there(cues, made)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_ten_hours_lose_nothing_and_stay_true_to_the_end(emulator, tmp_path):
    track = make_track(600, seed=10)
    made = make_film(track, tmp_path / "film")
    server = emulator(ears=PerfectEars(track))
    _, cues = subtitles_of(made.path, server, tmp_path / "out.srt", timeout_s=7000)
    assert_words_are_all_there(cues, made)
    errors = start_errors_ms(cues, made)
    print(f"ten hours: {len(cues)} cues, start error {errors.min()} to {errors.max()} ms")
    assert np.abs(errors).max() <= 50
