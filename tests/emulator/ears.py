"""What a server hears in an upload: the embedded recogniser, or a perfect listener to a known track.

The perfect one is told nothing but samples. It finds where in its track they come from, and hears
a word only if the upload really holds all of it.
"""

import dataclasses
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from scipy import fft, signal

from emulator.track import RATE, KnownTrack, KnownWord, Samples

_STEP: Final = RATE // 200  # samples to a point of the envelope
_PROBE_STEPS: Final = 8 * 200  # eight seconds
_SHORTEST_PROBE: Final = RATE // 20
_SHIFT: Final = RATE // 200  # a codec's clock may wander this far within an upload
_GUESSES: Final = 8
_NEAR_STEPS: Final = 5  # a pitch period and a step beat: the envelope fits best a few steps off
_SAME_SOUND: Final = 0.3
_SAME_WORD: Final = 0.8  # opus at 16 kbit/s leaves 0.95; other speech reaches 0.6 by chance
_SAME_PART: Final = 0.5
_FAINT: Final = 4.0  # of the envelope's variance: what is quieter is silence
_AUDIBLE: Final = 5.0  # of the envelope (a square root): about -62 dBFS
_PAUSE: Final = round(0.3 * RATE)


class Timed(NamedTuple):
    """A word or a segment, in seconds from the upload's first sample."""

    text: str
    start_s: float
    end_s: float


@dataclasses.dataclass(frozen=True)
class Heard:
    """Segments are punctuated, words are bare; ``language`` is an ISO 639-1 code."""

    words: tuple[Timed, ...] = ()
    segments: tuple[Timed, ...] = ()
    language: str = "en"


class Ears(Protocol):
    """Anything that understands speech."""

    def hear(self, samples: Samples) -> Heard:
        """What is said in 16 kHz mono int16; called from several threads at once."""


def translated(
    heard: Heard, translate: Callable[[str], str] = str.upper, *, min_segment_s: float = 5
) -> Heard:
    """What a server makes of it in English: no words, long segments, whole seconds.

    Args:
        heard: What was said.
        translate: Each segment's text, said otherwise.
        min_segment_s: Segments are joined until they are this long.
    """
    joined: list[Timed] = []
    for segment in heard.segments:
        if joined and joined[-1].end_s - joined[-1].start_s < min_segment_s:
            last = joined.pop()
            joined.append(Timed(f"{last.text} {segment.text}", last.start_s, segment.end_s))
        else:
            joined.append(segment)
    segments: list[Timed] = []
    for text, start_s, end_s in joined:
        start = max(round(start_s), round(segments[-1].end_s) if segments else 0)
        segments.append(Timed(translate(text), float(start), float(max(round(end_s), start + 1))))
    return Heard(segments=tuple(segments), language="en")


class EmbeddedEars:
    """Moonshine, as its package carries it: lines are timed, and words share out their line."""

    def __init__(self) -> None:
        from moonshine_voice import ModelArch, get_model_path
        from moonshine_voice.transcriber import Transcriber

        self._transcriber = Transcriber(get_model_path("tiny-en"), ModelArch.TINY)
        self._lock = threading.Lock()

    def hear(self, samples: Samples) -> Heard:
        with self._lock:
            lines = self._transcriber.transcribe_without_streaming((samples / 32768).tolist(), RATE).lines
        segments = tuple(
            Timed(line.text.strip(), round(line.start_time, 2), round(line.start_time + line.duration, 2))
            for line in lines
            if line.text.strip()
        )
        return Heard(tuple(word for segment in segments for word in _shared_out(segment)), segments)


def _shared_out(segment: Timed) -> Iterator[Timed]:
    words = [bare for word in segment.text.split() if (bare := word.strip(".,;:!?\"'()-—…"))]
    edges = list(itertools.accumulate((len(word) for word in words), initial=0))
    per_letter_s = (segment.end_s - segment.start_s) / max(edges[-1], 1)
    for word, (start, end) in zip(words, itertools.pairwise(edges), strict=True):
        yield Timed(
            word,
            round(segment.start_s + start * per_letter_s, 2),
            round(segment.start_s + end * per_letter_s, 2),
        )


class PerfectEars:
    """Hears every word of its track that an upload really holds, and nothing else.

    The place is searched in two steps: the loudest seconds of the upload's envelope against the
    whole track's (ten hours are 7 million points), then sample by sample at the best places.
    """

    def __init__(self, track: KnownTrack) -> None:
        self._track = track
        # room at both ends: an upload may begin before the track does and end after it
        self._envelope = np.pad(_envelope(track.samples), _PROBE_STEPS)
        self._spectrum_length = fft.next_fast_len(len(self._envelope) + _PROBE_STEPS, real=True)
        self._spectrum = fft.rfft(self._envelope, self._spectrum_length)
        self._sums = np.concatenate([[0], np.cumsum(self._envelope, dtype=np.float64)])
        self._power_sums = np.concatenate([[0], np.cumsum(self._envelope.astype(np.float64) ** 2)])

    def hear(self, samples: Samples) -> Heard:
        start = self.find(samples)
        if start is None:
            return Heard(language=self._track.language)
        inside = self._track.words_inside(start, start + len(samples))
        heard = [found for word in inside if (found := self._found(word, samples, start)) is not None]
        return Heard(
            words=tuple(self._timed(word.text, word, word) for word in _with_capitals(heard)),
            segments=tuple(self._timed(text, first, last) for text, first, last in _sentences(heard)),
            language=self._track.language,
        )

    def find(self, samples: Samples) -> int | None:
        """The track's sample that is the upload's first (negative if it begins earlier), if any."""
        for probe_start in _loudest_places(samples):
            probe = samples[probe_start : probe_start + _PROBE_STEPS * _STEP].astype(np.float32)
            if len(probe) < _SHORTEST_PROBE:
                return None
            likeness, place = max(
                (self._place(probe, guess) for guess in self._guesses(probe)), default=(0.0, 0)
            )
            if likeness > _SAME_SOUND:
                return place - probe_start
        return None

    def _guesses(self, probe: npt.NDArray[np.float32]) -> list[int]:
        """Where in the track the probe's envelope fits best, to a few milliseconds."""
        wave = _envelope(probe)
        wave -= wave.mean()
        count = len(wave)
        reversed_spectrum = fft.rfft(wave, self._spectrum_length).conj()
        places = len(self._envelope) - count + 1
        products = fft.irfft(self._spectrum * reversed_spectrum, self._spectrum_length)[:places]
        sums = self._sums[count:] - self._sums[:places]
        spread = self._power_sums[count:] - self._power_sums[:places] - sums**2 / count
        likeness = products / np.sqrt(np.maximum(spread, count * _FAINT))
        guesses = []
        for _ in range(_GUESSES):
            best = int(np.argmax(likeness))
            guesses.append((best - _PROBE_STEPS) * _STEP)
            likeness[max(0, best - _NEAR_STEPS) : best + _NEAR_STEPS + 1] = -np.inf
        return guesses

    def _place(self, probe: npt.NDArray[np.float32], guess: int) -> tuple[float, int]:
        """How much the track sounds like the probe near the guess, and where exactly."""
        near = _NEAR_STEPS * _STEP
        window = _cut(self._track.samples, guess - near, guess + len(probe) + near)
        likeness = signal.correlate(window, probe, mode="valid", method="fft")
        best = int(np.argmax(likeness))
        return _likeness(window[best : best + len(probe)], probe), guess - near + best

    def _found(self, word: KnownWord, samples: Samples, start: int) -> KnownWord | None:
        """The word where the upload holds it, in the upload's samples; None if it does not."""
        sound = self._track.samples[word.start : word.end].astype(np.float32)
        earliest = word.start - start - _SHIFT
        likeness = np.correlate(
            _cut(samples, earliest, earliest + len(sound) + 2 * _SHIFT), sound, mode="valid"
        )
        begin = earliest + int(np.argmax(likeness))
        heard = _cut(samples, begin, begin + len(sound))
        if _likeness(heard, sound) < _SAME_WORD:
            return None
        # a word of which a part is missing may still look alike as a whole
        parts = zip(np.array_split(heard, 4), np.array_split(sound, 4), strict=True)
        if any(_likeness(part, whole) < _SAME_PART for part, whole in parts):
            return None
        begin = max(begin, 0)
        return KnownWord(word.text, begin, min(begin + len(sound), len(samples)))

    @staticmethod
    def _timed(text: str, first: KnownWord, last: KnownWord) -> Timed:
        return Timed(text, round(first.start / RATE, 2), round(last.end / RATE, 2))


def _envelope(samples: npt.NDArray[np.int16] | npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The square root of each step's loudness, so that soft sounds count too."""
    steps = len(samples) // _STEP
    envelope = np.empty(steps, dtype=np.float32)
    for first in range(0, steps, 1 << 20):  # ten hours at once would not fit into memory
        block = samples[first * _STEP : min(first + (1 << 20), steps) * _STEP].astype(np.float32)
        envelope[first : first + (1 << 20)] = np.sqrt(np.sqrt(np.mean(block.reshape(-1, _STEP) ** 2, axis=1)))
    return envelope


def _loudest_places(samples: Samples) -> Iterator[int]:
    """Where to listen first: the loudest stretches as long as a probe, at most three."""
    envelope = _envelope(samples)
    if not len(envelope) or envelope.max() < _AUDIBLE:
        return
    if len(envelope) <= _PROBE_STEPS:
        yield 0
        return
    sums = np.concatenate([[0], np.cumsum(envelope, dtype=np.float64)])
    loudness = sums[_PROBE_STEPS:] - sums[:-_PROBE_STEPS]
    for _ in range(3):
        loudest = int(np.argmax(loudness))
        if loudness[loudest] <= 0:
            return
        yield loudest * _STEP
        loudness[max(0, loudest - _PROBE_STEPS) : loudest + _PROBE_STEPS] = 0


def _likeness(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Normalised correlation: 1 for the same sound, louder or softer; 0 for silence."""
    scale = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / scale if scale else 0.0


def _cut(samples: Samples, start: int, end: int) -> npt.NDArray[np.float32]:
    """The samples from start to end; silence where there are none."""
    inside = samples[max(start, 0) : max(end, 0)].astype(np.float32)
    before = min(max(-start, 0), end - start)
    return np.pad(inside, (before, end - start - before - len(inside)))


def _groups(words: list[KnownWord]) -> Iterator[tuple[list[KnownWord], bool]]:
    """Words up to a pause, or 10 to 14 of them; and whether a pause ends them."""
    group: list[KnownWord] = []
    for word, following in itertools.zip_longest(words, words[1:]):
        group.append(word)
        is_pause = following is None or following.start - word.end > _PAUSE
        if is_pause or len(group) >= 10 + len(group[0].text) % 5:
            yield group, is_pause
            group = []


def _with_capitals(words: list[KnownWord]) -> Iterator[KnownWord]:
    """A sentence begins with a capital."""
    begins_sentence = True
    for group, is_pause in _groups(words):
        first = group[0]
        yield first._replace(text=first.text.capitalize()) if begins_sentence else first
        yield from group[1:]
        begins_sentence = is_pause


def _sentences(words: list[KnownWord]) -> Iterator[tuple[str, KnownWord, KnownWord]]:
    """The text of each segment with its first and last word."""
    capitalised = _with_capitals(words)
    for group, is_pause in _groups(words):
        said = list(itertools.islice(capitalised, len(group)))
        yield " ".join(word.text for word in said) + ("." if is_pause else ","), said[0], said[-1]
