"""A track whose every word and time is known: speech synthesised word by word.

Every word is spoken once by espeak-ng, trimmed to its sound and laid down at a sample that is
remembered. The same seed gives the same track. From `MIN_MINUTES_FOR_STRETCHES` on it also holds what
makes transcription hard: speech without a pause, a long silence, music.
"""

import functools
import itertools
import subprocess
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

from emulator.vocabulary import VOCABULARIES

RATE: Final = 16_000
"""Samples per second of everything here."""

MIN_MINUTES_FOR_STRETCHES: Final = 6
BREATHLESS_S: Final = 90
SILENCE_S: Final = 60
MUSIC_S: Final = 30

_MS: Final = RATE // 1000
_WAV_HEADER_BYTES: Final = 44
_SPEECH_RMS: Final = 0.1 * 32768  # -20 dBFS
_SOUND_THRESHOLD: Final = 0.02  # of a word's peak: what is below, before and after it, is trimmed
_VOICES: Final[Mapping[str, tuple[tuple[str, int], ...]]] = {  # espeak-ng's voice, words per minute
    "en": (("en-us+steph", 160), ("en-us+Mario", 170), ("en-us+linda", 165), ("en-us", 150)),
    "de": (("de+steph", 160), ("de+Mario", 150)),
}

Samples = npt.NDArray[np.int16]


class KnownWord(NamedTuple):
    """A word in a track, in samples: ``end`` is one past its last."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class KnownTrack:
    """16 kHz mono int16 and the words in it, in order.

    ``stretches`` names the hard parts (``breathless``, ``silence``, ``music``) by first sample and one
    past the last.
    """

    samples: Samples
    words: tuple[KnownWord, ...]
    language: str = "en"
    stretches: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @functools.cached_property
    def _starts(self) -> list[int]:
        return [word.start for word in self.words]

    @functools.cached_property
    def _ends(self) -> list[int]:
        return [word.end for word in self.words]

    def words_inside(self, start: int, end: int) -> tuple[KnownWord, ...]:
        """The words that lie wholly between two samples."""
        return self.words[bisect_left(self._starts, start) : bisect_right(self._ends, end)]

    def pauses(self, min_ms: int) -> list[tuple[int, int]]:
        """The stretches between neighbouring words of at least this length, in samples."""
        pairs = ((left.end, right.start) for left, right in itertools.pairwise(self.words))
        return [(start, end) for start, end in pairs if end - start >= min_ms * _MS]


def make_track(minutes: float, seed: int, *, language: str = "en") -> KnownTrack:
    """A track of this length, the same for the same seed."""
    rng = np.random.default_rng(seed)
    sounds = _sounds(language)
    length = round(minutes * 60 * RATE)
    score = _Score(rng, sounds, length)
    stretches: dict[str, tuple[int, int]] = {}
    if minutes >= MIN_MINUTES_FOR_STRETCHES:
        score.talk(until=length // 4)
        stretches["breathless"] = score.talk_without_pause(BREATHLESS_S * RATE)
        score.talk(until=length // 2)
        stretches["silence"] = score.leave_room(SILENCE_S * RATE)
        score.talk(until=length * 3 // 4)
        stretches["music"] = score.leave_room(MUSIC_S * RATE)
    score.talk(until=length)

    samples = _noise_floor(rng, length)
    for place, word in zip(score.places, score.words, strict=True):
        samples[word.start : word.end] += sounds[place][1]
    if "music" in stretches:
        start, end = stretches["music"]
        samples[start:end] += _music(rng, end - start)
    return KnownTrack(samples, tuple(score.words), language, stretches)


class _Score:
    """Where each word goes, from the first to the last."""

    def __init__(
        self, rng: np.random.Generator, sounds: tuple[tuple[str, Samples], ...], length: int
    ) -> None:
        self.words: list[KnownWord] = []
        self.places: list[int] = []  # the word's index in sounds
        self._rng = rng
        self._sounds = sounds
        self._length = length
        self._longest = max(len(sound) for _, sound in sounds)
        self._position = 0
        self._pause(200, 400)

    def talk(self, *, until: int) -> None:
        """Phrases with natural pauses; ends with a word."""
        while self._has_room(until):
            for _ in range(self._rng.integers(3, 13)):
                if self._has_room(until):
                    self._say()
                    self._pause(20, 120)
            if self._has_room(until):
                self._pause(*((1000, 2000) if self._rng.random() < 0.1 else (300, 900)))

    def talk_without_pause(self, length: int) -> tuple[int, int]:
        start = self._position
        while self._position < start + length:
            self._say()
            self._pause(5, 40)
        return start, self._position

    def leave_room(self, length: int) -> tuple[int, int]:
        """Room for something else, with a word right before and right after it."""
        start = self._position
        self._position += length
        end = self._position
        self._pause(50, 100)
        self._say()
        self._pause(20, 120)
        return start, end

    def _has_room(self, until: int) -> bool:
        return self._position + self._longest <= until

    def _pause(self, low_ms: int, high_ms: int) -> None:
        self._position += int(self._rng.integers(low_ms * _MS, high_ms * _MS))

    def _say(self) -> None:
        last = self.places[-1] if self.places else -1
        place = int(self._rng.integers(len(self._sounds)))
        if place == last:
            place = (place + 1) % len(self._sounds)
        text, sound = self._sounds[place]
        self.words.append(KnownWord(text, self._position, self._position + len(sound)))
        self.places.append(place)
        self._position += len(sound)


@functools.cache
def _sounds(language: str) -> tuple[tuple[str, Samples], ...]:
    """Each word of the vocabulary with its sound."""
    voices = itertools.cycle(_VOICES[language])
    with ThreadPoolExecutor() as pool:
        return tuple(pool.map(_speak, VOCABULARIES[language], voices))


def _speak(text: str, voice: tuple[str, int]) -> tuple[str, Samples]:
    name, words_per_minute = voice
    argv = ["espeak-ng", "-v", name, "-s", str(words_per_minute), "--stdout", text]
    wav = subprocess.run(argv, check=True, capture_output=True).stdout
    # the header of a stream does not know its length: the samples are what follows it
    spoken = np.frombuffer(wav[_WAV_HEADER_BYTES:], dtype="<i2").astype(np.float32)
    sound = resample_poly(spoken, 320, 441)  # from the 22 050 Hz of espeak-ng
    loudness = np.abs(sound)
    audible = np.flatnonzero(loudness > _SOUND_THRESHOLD * loudness.max())
    sound = sound[audible[0] : audible[-1] + 1]
    sound *= _SPEECH_RMS / np.sqrt(np.mean(sound**2))
    return text, np.clip(sound, -30_000, 30_000).astype(np.int16)


def _noise_floor(rng: np.random.Generator, length: int) -> Samples:
    """One bit of noise: about -92 dBFS."""
    ten_seconds = rng.integers(-1, 2, 10 * RATE, dtype=np.int16)
    return np.resize(ten_seconds, length)


def _music(rng: np.random.Generator, length: int) -> Samples:
    """A melody over chords: plucked notes with overtones, half a second each, never repeated."""
    note_length = RATE // 2
    time = np.arange(2 * note_length) / RATE
    music = np.zeros(length + 2 * note_length)
    scale = np.array([0, 2, 4, 5, 7, 9, 11])

    def note(semitones: int, loudness: float, decay_s: float) -> npt.NDArray[np.float64]:
        pitch = 220 * 2 ** (semitones / 12)
        tone = sum(np.sin(2 * np.pi * pitch * overtone * time) / overtone for overtone in (1, 2, 3, 4))
        return loudness * tone * np.exp(-time / decay_s) * np.minimum(1, time / 0.005)

    for start in range(0, length, note_length):
        melody = 12 + rng.choice(scale) + 12 * rng.integers(2)
        music[start : start + 2 * note_length] += note(melody, 1.0, 0.3)
        if start % (4 * note_length) == 0:
            root = rng.integers(len(scale))
            for step in (0, 2, 4):
                chord = scale[(root + step) % len(scale)] - 12
                music[start : start + 2 * note_length] += note(chord, 0.7, 0.8)
    music = music[:length]
    fade = np.minimum(1, np.arange(length)[::-1] / (0.05 * RATE))
    return (music * fade * _SPEECH_RMS / np.sqrt(np.mean(music**2))).clip(-30_000, 30_000).astype(np.int16)
