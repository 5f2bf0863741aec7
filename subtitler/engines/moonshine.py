"""The embedded recogniser: Moonshine's tiny English model, with no key and no network.

It hears a short piece of audio in one go and says what it heard, without times. So a chunk is cut into
utterances where its speech pauses; each is heard alone and timed by the speech found in it. How long an
utterance may be is a measured choice: benchmarks/RESULTS.md, "Embedded recogniser: utterance policy".
"""

from __future__ import annotations

import ctypes
import itertools
import threading
import zlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from subtitler.errors import EngineError, UsageError
from subtitler.events import Reporter, silent
from subtitler.languages import language_name, primary_subtag
from subtitler.model import Reply, Segment
from subtitler.timing import SAMPLE_RATE, SAMPLES_PER_MS, Span, samples_from_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from subtitler.engines import EngineOptions
    from subtitler.model import Samples

MODEL: Final = "moonshine-tiny-en"

LONGEST_UTTERANCE_MS: Final = 15_000
"""A longer stretch is cut at its widest pause. Shorter ones would time cues better and be heard worse."""

LONGEST_GOODBYE_S: Final = 1.0
"""A cancelled job does not wait longer for a call that is still running."""

_SHORTEST_PIECE: Final = SAMPLE_RATE  # samples; shorter audio is filled up with silence
_HOP: Final = 512  # samples; the library drops what does not fill one
_LOUDNESS_WINDOW_MS: Final = 160
_GREATEST_LIFT: Final = 100.0  # 40 dB
_LOOP_RATIO: Final = 2.4  # Whisper's own limit: text that compresses better repeats itself

_WHERE_IT_RUNS: Final = (
    "wheels exist for Linux x86-64 and arm64 (glibc 2.34 or newer), macOS 15 on arm64, and Windows x86-64"
)


class EmbeddedEngine:
    """English speech, recognised on this machine.

    Raises:
        UsageError: If another language, a translation or another model is asked for.
        EngineError: If the package is missing or does not run here.
    """

    name = "embedded"
    model = MODEL
    default_max_chunk_s = 30.0
    max_concurrency = 1
    spoken_language: str | None = "en"

    def __init__(self, options: EngineOptions, *, reporter: Reporter = silent) -> None:
        del reporter  # nothing happens here that is not an answer or an error
        _check(options)
        self._transcriber: Any = _load()
        self._lock = threading.Lock()

    def recognise(self, samples: Samples, *, speech: tuple[Span, ...]) -> Reply:
        """What is said in ``samples``: one segment per utterance; see `Engine.recognise`."""
        segments = []
        groups = split_into_utterances(samples, speech)
        for spans, piece in zip(groups, pieces_between(samples, groups), strict=True):
            text = self._hear(samples[slice(*piece)], [_in_piece(span, piece) for span in spans])
            if text:
                segments.append(Segment(text=text, span=Span(spans[0].start_ms, spans[-1].end_ms)))
        return Reply(
            text=" ".join(segment.text for segment in segments),
            segments=tuple(segments),
            language=self.spoken_language,
        )

    def close(self) -> None:
        """Give back the model's memory; where it is still at work, the end of the process will."""
        if not self._lock.acquire(timeout=LONGEST_GOODBYE_S):
            return
        try:
            if self._transcriber is not None:
                self._transcriber.close()
                self._transcriber = None
        finally:
            self._lock.release()

    def _hear(self, samples: Samples, speech: Sequence[tuple[int, int]]) -> str:
        if not np.any(np.abs(samples.astype(np.int32)) > 1):
            return ""  # digital silence, in which the model hears "You"
        text = self._transcribe(levelled(samples, speech))
        if len(samples) > 2 * SAMPLE_RATE and is_loop(text):
            middle = quietest(samples, len(samples) // 4, len(samples) * 3 // 4)
            halves = (samples[:middle], samples[middle:])
            text = " ".join(filter(None, (self._transcribe(levelled(half, ())) for half in halves)))
        return text

    def _transcribe(self, audio: npt.NDArray[np.float32]) -> str:
        size = max(len(audio), _SHORTEST_PIECE)
        audio = np.pad(audio, (0, size - len(audio) + -size % _HOP))
        with self._lock:
            if self._transcriber is None:
                raise EngineError("the embedded recogniser is closed")
            try:
                transcript = _transcribe_buffer(self._transcriber, audio)
            except Exception as error:  # whatever the foreign library raises ends here
                raise EngineError(f"the embedded recogniser failed: {error}") from error
        return " ".join(line.text.strip() for line in transcript.lines).strip()


# -- cutting: pure ----------------------------------------------------------------------------------


def split_into_utterances(
    samples: Samples, speech: Sequence[Span], *, longest_ms: int = LONGEST_UTTERANCE_MS
) -> list[list[Span]]:
    """The speech spans in groups, cut at the widest pause again and again until each is short enough.

    Args:
        samples: The audio, looked at only where a span without pause must be cut.
        speech: In order, in milliseconds from the first sample.
        longest_ms: How long a group may be.
    """
    waiting = [list(speech)] if speech else []
    groups: list[list[Span]] = []
    while waiting:
        group = waiting.pop()
        if group[-1].end_ms - group[0].start_ms <= longest_ms:
            groups.append(group)
        else:
            waiting += reversed(_halves(samples, group))
    return groups


def _halves(samples: Samples, speech: list[Span]) -> tuple[list[Span], list[Span]]:
    """A group cut at its widest pause, of equals at the most central."""
    if len(speech) == 1:
        return _cut_breathless(samples, speech[0])
    middle_ms = (speech[0].start_ms + speech[-1].end_ms) // 2

    def worth(place: int) -> tuple[int, int]:
        before, after = speech[place - 1], speech[place]
        return after.start_ms - before.end_ms, -abs(before.end_ms - middle_ms)

    place = max(range(1, len(speech)), key=worth)
    return speech[:place], speech[place:]


def pieces_between(samples: Samples, groups: Sequence[Sequence[Span]]) -> list[tuple[int, int]]:
    """The audio of each group, first sample and one past the last: together all of ``samples``.

    Nothing between two groups is dropped, it may hold words too soft to be found; the cut lies where it
    is quietest.
    """
    cuts = [
        quietest(samples, samples_from_ms(before[-1].end_ms), samples_from_ms(after[0].start_ms))
        for before, after in itertools.pairwise(groups)
    ]
    return list(zip([0, *cuts], [*cuts, len(samples)], strict=True)) if groups else []


def quietest(samples: Samples, start: int, end: int) -> int:
    """The middle of the quietest moment from sample ``start`` to ``end``, the most central of equals."""
    window = samples_from_ms(_LOUDNESS_WINDOW_MS)
    if end - start <= window:
        return (start + end) // 2
    energy = np.cumsum(np.square(samples[start:end].astype(np.int64)))
    loudness = energy[window:] - energy[:-window]
    lowest = np.flatnonzero(loudness == loudness.min())
    central = lowest[np.argmin(np.abs(lowest - len(loudness) // 2))]
    return start + window // 2 + int(central)


def levelled(samples: Samples, speech: Sequence[tuple[int, int]]) -> npt.NDArray[np.float32]:
    """The audio from -1 to 1, its soft speech lifted to the loudness of its loudest.

    Beside a loud voice the model does not hear a soft one; alone it does.
    """
    audio: npt.NDArray[np.float32] = samples.astype(np.float32) / np.float32(32768)
    loudness = [float(np.sqrt(np.mean(np.square(audio[start:end])))) for start, end in speech if end > start]
    if len(loudness) < 2 or max(loudness) <= 0:
        return audio
    lifts = [min(max(loudness) / max(one, 1e-7), _GREATEST_LIFT) for one in loudness]
    edges = [edge for start, end in speech if end > start for edge in (start, end)]
    lift = np.interp(np.arange(len(audio)), edges, np.repeat(lifts, 2)).astype(np.float32)
    lifted: npt.NDArray[np.float32] = np.clip(audio * lift, -1, 1)
    return lifted


def _cut_breathless(samples: Samples, span: Span) -> tuple[list[Span], list[Span]]:
    """Cut a span without a pause near its middle, where it is quietest."""
    third_ms = span.duration_ms // 3
    first, last = samples_from_ms(span.start_ms + third_ms), samples_from_ms(span.end_ms - third_ms)
    at_ms = quietest(samples, first, last) // SAMPLES_PER_MS
    return [Span(span.start_ms, at_ms)], [Span(at_ms, span.end_ms)]


def _in_piece(span: Span, piece: tuple[int, int]) -> tuple[int, int]:
    start, end = (samples_from_ms(ms) - piece[0] for ms in (span.start_ms, span.end_ms))
    return max(0, start), min(end, piece[1] - piece[0])


def is_loop(text: str) -> bool:
    """Whether the model went round in circles, saying the same again and again."""
    plain = text.encode()
    return len(plain) > 60 and len(plain) / len(zlib.compress(plain)) > _LOOP_RATIO


# -- the foreign library ------------------------------------------------------------------------------


def _check(options: EngineOptions) -> None:
    elsewhere = "use an API (--engine api with a key or --base-url)"
    if options.task != "transcribe":
        raise UsageError("the embedded recogniser cannot translate", hint=elsewhere)
    if options.language is not None and primary_subtag(options.language) != "en":
        raise UsageError(
            f"the embedded recogniser knows English only, not {language_name(options.language)}",
            hint=elsewhere,
        )
    if options.model is not None:
        raise UsageError(
            f"the embedded recogniser has one model and cannot take {options.model!r}",
            hint="leave --model out, or use --engine api",
        )


def _load() -> Any:  # noqa: ANN401 - the package ships no types
    try:
        # imported on use: the package is an extra, and brings an HTTP client that is not used here
        from moonshine_voice.errors import MoonshineError  # noqa: PLC0415
        from moonshine_voice.moonshine_api import ModelArch  # noqa: PLC0415
        from moonshine_voice.transcriber import Transcriber  # noqa: PLC0415
        from moonshine_voice.utils import get_model_path  # noqa: PLC0415
    except (ImportError, OSError) as error:
        raise EngineError(
            "the embedded recogniser is not installed",
            hint=f"pip install 'subtitler[embedded]' ({_WHERE_IT_RUNS}), or use --engine api",
        ) from error
    path = get_model_path("tiny-en")
    if not path.is_dir():
        raise EngineError(
            "the embedded recogniser's package came without its model",
            hint="pip install --force-reinstall 'subtitler[embedded]'",
            path=path,
        )
    # a threshold of 0 turns off the library's own cutting, which loses words at its cuts
    options = {"vad_threshold": "0.0", "return_audio_data": "false"}
    try:
        return Transcriber(str(path), ModelArch.TINY, options=options)
    except (MoonshineError, OSError) as error:
        raise EngineError(
            f"the embedded recogniser does not run on this machine: {error}",
            hint=f"{_WHERE_IT_RUNS}; elsewhere use --engine api",
        ) from error


def _transcribe_buffer(transcriber: Any, audio: npt.NDArray[np.float32]) -> Any:  # noqa: ANN401 - no types
    """Hand over the samples as they lie in memory; the public call copies them one by one: a tenth slower."""
    try:
        from moonshine_voice.errors import check_error  # noqa: PLC0415 - imported on use
        from moonshine_voice.moonshine_api import TranscriptC  # noqa: PLC0415 - the same

        call = transcriber._lib.moonshine_transcribe_without_streaming  # noqa: SLF001 - guarded: see below
        parse, handle = transcriber._parse_transcript, transcriber._handle  # noqa: SLF001 - the same
    except (ImportError, AttributeError):  # another release: the public way works everywhere
        return transcriber.transcribe_without_streaming(audio.tolist(), SAMPLE_RATE)
    buffer = np.ascontiguousarray(audio, dtype=np.float32)
    out = ctypes.POINTER(TranscriptC)()
    pointer = buffer.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    check_error(call(handle, pointer, len(buffer), SAMPLE_RATE, 0, ctypes.byref(out)))
    return parse(out)
