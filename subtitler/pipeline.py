"""One job: from a media file to its subtitles. The street, readable top to bottom.

::

    media file ─ probe ─ extract ─ find speech ─ plan chunks ─ recognise ─ stitch ─ lay out ─ write ─ mux
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from subtitler.config import Settings
from subtitler.cues import lay_out
from subtitler.engines import Engine
from subtitler.errors import SubtitlerError, exit_code_of
from subtitler.events import Event, JobEnded, JobStarted, Reporter, StageStarted, Warned, silent
from subtitler.formats import get_format
from subtitler.languages import UNKNOWN
from subtitler.media.extract import extract
from subtitler.media.mux import NewTrack, mux
from subtitler.media.probe import choose_audio_track, probe
from subtitler.model import ChunkResult, Cue, MediaInfo, Track
from subtitler.outputs import OutputPlan, whole_file, write_text_whole
from subtitler.recognition import ChunkStream, longest_chunk_s, recognise
from subtitler.stitching import main_language, stitch
from subtitler.timing import Span, format_clock, samples_from_ms

SCHEMA = 1
"""Version of the result's JSON: grows when a field changes its meaning or goes."""

NOTICEABLE_SPEECH_MS = 3_000
"""An empty answer about more speech than this is worth a warning."""

Status = Literal["done", "no_speech", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One media file with its settings and the names of its outputs."""

    media: Path
    settings: Settings
    outputs: OutputPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """How a job ended.

    Attributes:
        language: BCP 47 of the subtitles; None if nobody knows.
        media_s: Length of the media in seconds; None if unknown.
        sent_s: Seconds of audio sent to the engine.
        gaps: Time ranges whose speech could not be recognised.
        is_truncated: The audio ended before its declared end, or had read errors.
        error: What stopped it, if it failed.
    """

    input: Path
    status: Status
    task: str
    engine: str
    model: str
    outputs: tuple[Path, ...] = ()
    language: str | None = None
    media_s: float | None = None
    sent_s: float = 0.0
    chunks: int = 0
    cues: int = 0
    gaps: tuple[Span, ...] = ()
    warnings: tuple[str, ...] = ()
    is_truncated: bool = False
    error: SubtitlerError | None = None

    def to_json(self) -> dict[str, Any]:
        """The result as plain data, in the shape that ``--json`` prints."""
        error = self.error
        return {
            "schema": SCHEMA,
            "input": str(self.input),
            "status": self.status,
            "outputs": [str(path) for path in self.outputs],
            "task": self.task,
            "language": self.language,
            "engine": self.engine,
            "model": self.model,
            "media_s": self.media_s,
            "sent_s": round(self.sent_s, 3),
            "chunks": self.chunks,
            "cues": self.cues,
            "gaps": [{"start_s": gap.start_ms / 1000, "end_s": gap.end_ms / 1000} for gap in self.gaps],
            "warnings": list(self.warnings),
            "truncated": self.is_truncated,
            "error": None
            if error is None
            else {
                "class": type(error).__name__,
                "exit_code": exit_code_of(error),
                "message": error.message,
                "hint": error.hint,
            },
        }


def generate(job: Job, *, engine: Engine, reporter: Reporter = silent) -> JobResult:
    """Do one job: recognise the media's speech and write its subtitles.

    Args:
        job: What to do.
        engine: The recogniser; it stays open for the next job.
        reporter: Told what happens.

    Raises:
        SubtitlerError: If it cannot be done; outputs that were finished before stay.
    """
    tell = _Notes(reporter)
    settings, outputs = job.settings, job.outputs
    info = probe(job.media)
    track = choose_audio_track(info, settings.audio_track)
    mux_path = outputs.mux_path(info)
    outputs.check_known()
    tell(JobStarted(path=job.media, engine=engine.name, media_ms=_work_ms(info, settings.clip)))

    hearing = _hear(job, info, track, engine, tell)
    tell(StageStarted(stage="stitch"))
    transcript = stitch(hearing.results, speech=hearing.speech, language=_known_language(settings, engine))
    tell(StageStarted(stage="lay out"))
    cues = lay_out(transcript)
    language = None if transcript.language == UNKNOWN else transcript.language
    written: tuple[Path, ...] = ()
    if cues:
        written = _write(job, cues, language=language, info=info, mux_path=mux_path, tell=tell)
    else:
        tell(Warned(message=_nothing_heard(job.media, hearing)))
    status: Status = "done" if cues else "no_speech"
    tell(JobEnded(path=job.media, status=status, outputs=written))
    return JobResult(
        input=job.media,
        status=status,
        task=settings.task,
        engine=engine.name,
        model=engine.model,
        outputs=written,
        language=language,
        media_s=None if info.duration_ms is None else info.duration_ms / 1000,
        sent_s=sum(result.chunk.span.duration_ms for result in hearing.results) / 1000,
        chunks=len(hearing.results),
        cues=len(cues),
        warnings=tuple(tell.warnings),
        is_truncated=hearing.damage is not None,
    )


@dataclass(slots=True, kw_only=True)
class _Hearing:
    """All that was heard of one film."""

    results: list[ChunkResult] = field(default_factory=list)
    speech: tuple[Span, ...] = ()
    damage: str | None = None


class _Notes:
    """Passes events on, and keeps the warnings for the result."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.warnings: list[str] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, Warned):
            self.warnings.append(event.message)
        self._reporter(event)


def _work_ms(info: MediaInfo, clip: Span | None) -> int | None:
    if clip is None or info.duration_ms is None:
        return info.duration_ms
    return clip.clamped(Span(0, info.duration_ms)).duration_ms


def _hear(job: Job, info: MediaInfo, track: Track, engine: Engine, tell: _Notes) -> _Hearing:
    """Extract, find speech, plan and recognise: all at once, as the audio is decoded."""
    settings = job.settings
    max_chunk_s = longest_chunk_s(
        settings.max_chunk_s or engine.default_max_chunk_s,
        max_upload_bytes=int(settings.max_upload_mib * 1024 * 1024),
    )
    start_ms = settings.clip.start_ms if settings.clip else 0
    hearing = _Hearing()
    with extract(info, track, clip=settings.clip) as extraction:
        stream = ChunkStream(extraction, max_chunk_s=max_chunk_s, first_sample=samples_from_ms(start_ms))
        for result in recognise(stream, engine, reporter=tell):
            hearing.results.append(result)
            _refuse_existing_outputs(job, engine, hearing.results)
        hearing.speech = stream.speech
        hearing.damage = extraction.damage
    if hearing.damage:
        tell(Warned(message=f"{job.media}: {hearing.damage}"))
    if any(result.reply.text.strip() for result in hearing.results):
        for span in _unheard(hearing.results):
            place = f"{format_clock(span.start_ms)} to {format_clock(span.end_ms)}"
            tell(
                Warned(
                    message=f"{job.media}: no words were recognised from {place}, though somebody may speak"
                )
            )
    return hearing


def _known_language(settings: Settings, engine: Engine) -> str | None:
    """The language of the subtitles as far as it is known before the first reply."""
    return engine.spoken_language or ("en" if settings.task == "translate" else settings.language)


def _refuse_existing_outputs(job: Job, engine: Engine, results: list[ChunkResult]) -> None:
    """Stop at the first reply that names the language, if the outputs of that language exist.

    Their names are certain only at the end, but by then the whole film has been paid for.
    """
    if _known_language(job.settings, engine) is None:
        language = main_language(results)
        if language != UNKNOWN:
            job.outputs.check_free(job.outputs.sidecars(language).values())


def _unheard(results: list[ChunkResult]) -> Iterator[Span]:
    """Where there was clear speech and an empty answer."""
    for result in sorted(results, key=lambda result: result.chunk.index):
        speech_ms = sum(span.duration_ms for span in result.chunk.speech)
        if not result.reply.text.strip() and speech_ms >= NOTICEABLE_SPEECH_MS:
            yield Span(result.chunk.speech[0].start_ms, result.chunk.speech[-1].end_ms)


def _nothing_heard(media: Path, hearing: _Hearing) -> str:
    if not hearing.results:
        return f"{media}: nobody speaks in it, so no subtitles were written"
    speech_ms = sum(span.duration_ms for span in hearing.speech)
    return (
        f"{media}: no words were recognised in {speech_ms / 1000:.1f} s that sound like speech, "
        "so no subtitles were written"
    )


def _write(
    job: Job,
    cues: tuple[Cue, ...],
    *,
    language: str | None,
    info: MediaInfo,
    mux_path: Path | None,
    tell: _Notes,
) -> tuple[Path, ...]:
    """Write the sidecars, then the muxed video; each appears whole or not at all."""
    overwrites = job.settings.overwrite
    sidecars = job.outputs.sidecars(language)
    job.outputs.check_free(sidecars.values())
    tell(StageStarted(stage="write"))
    for name, path in sidecars.items():
        write_text_whole(path, get_format(name).render(cues), overwrites=overwrites)
    if mux_path is None:
        return tuple(sidecars.values())
    tell(StageStarted(stage="mux"))
    track = NewTrack(cues=cues, language=language or UNKNOWN, title="", is_default=False)
    with whole_file(mux_path, overwrites=overwrites) as temporary:
        report = mux(info, [track], temporary, container=mux_path.suffix[1:])
    for warning in report.warnings:
        tell(Warned(message=warning))
    return (*sidecars.values(), mux_path)
