"""One job: from a media file to its subtitles. The street, readable top to bottom.

::

    media file ─ probe ─ extract ─ find speech ─ plan chunks ─ recognise ─ stitch ─ lay out ─ write ─ mux
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from subtitler.config import Settings
from subtitler.cues import lay_out
from subtitler.engines import Engine
from subtitler.errors import SubtitlerError, exit_code_of
from subtitler.events import Event, JobEnded, JobStarted, Reporter, StageStarted, Warned, silent
from subtitler.formats import get_format
from subtitler.languages import UNKNOWN
from subtitler.media.containers import refuse_unmuxable
from subtitler.media.extract import extract
from subtitler.media.mux import NewTrack, mux
from subtitler.media.probe import choose_audio_track, probe
from subtitler.model import ChunkResult, Cue, MediaInfo, Track
from subtitler.outputs import VIDEO_FLAG, OutputPlan, whole_file, write_text_whole
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
        outputs: What was written, also where the job failed later.
        sent_s: Seconds of audio sent to the engine and answered, also where the job failed later.
        chunks: Pieces they were sent in.
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


class JobRecord:
    """What really happened in a job so far: its result is made of this, however it ends.

    It is the job's reporter, too: it passes events on, and keeps the warnings.

    Args:
        job: What to do.
        engine: The recogniser.
        reporter: Told what happens.
        warnings: What was to be said before the job began.
    """

    def __init__(
        self, job: Job, engine: Engine, reporter: Reporter = silent, *, warnings: Iterable[str] = ()
    ) -> None:
        self.job = job
        self.engine = engine
        self.warnings = list(warnings)
        self.language = _known_language(job.settings, engine)
        self.media_ms: int | None = None
        self.answers: list[ChunkResult] = []
        self.cues: tuple[Cue, ...] = ()
        self.outputs: list[Path] = []
        self.is_truncated = False
        self._reporter = reporter

    def __call__(self, event: Event) -> None:
        """Pass an event on, and keep it if it is a warning."""
        if isinstance(event, Warned):
            self.warnings.append(event.message)
        self._reporter(event)

    def result(self, status: Status, *, error: SubtitlerError | None = None) -> JobResult:
        """How the job ended, with all that was done until then."""
        return JobResult(
            input=self.job.media,
            status=status,
            task=self.job.settings.task,
            engine=self.engine.name,
            model=self.engine.model,
            outputs=tuple(self.outputs),
            language=self.language,
            media_s=None if self.media_ms is None else self.media_ms / 1000,
            sent_s=sum(answer.chunk.span.duration_ms for answer in self.answers) / 1000,
            chunks=len(self.answers),
            cues=len(self.cues),
            warnings=tuple(self.warnings),
            is_truncated=self.is_truncated,
            error=error,
        )


def generate(
    job: Job, *, engine: Engine, reporter: Reporter = silent, record: JobRecord | None = None
) -> JobResult:
    """Do one job: recognise the media's speech and write its subtitles.

    Args:
        job: What to do.
        engine: The recogniser; it stays open for the next job.
        reporter: Told what happens, unless a record is given, which is told then.
        record: Where to keep what happens, for whoever needs it after an error.

    Raises:
        SubtitlerError: If it cannot be done; outputs that were finished before stay.
    """
    record = record or JobRecord(job, engine, reporter)
    settings, outputs = job.settings, job.outputs
    info = probe(job.media)
    record.media_ms = info.duration_ms
    track = choose_audio_track(info, settings.audio_track)
    mux_path = outputs.mux_path(info)
    if mux_path is not None:
        refuse_unmuxable(info, mux_path.suffix)
    outputs.check_known()
    record(JobStarted(path=job.media, engine=engine.name, media_ms=_work_ms(info, settings.clip)))

    speech = _hear(record, info, track)
    record(StageStarted(stage="stitch"))
    transcript = stitch(record.answers, speech=speech, language=_known_language(settings, engine))
    record(StageStarted(stage="lay out"))
    record.cues = lay_out(transcript)
    record.language = None if transcript.language == UNKNOWN else transcript.language
    if record.cues:
        _write(record, info=info, mux_path=mux_path)
    else:
        record(Warned(message=_nothing_heard(job.media, record.answers, speech)))
    status: Status = "done" if record.cues else "no_speech"
    record(JobEnded(path=job.media, status=status, outputs=tuple(record.outputs)))
    return record.result(status)


def _work_ms(info: MediaInfo, clip: Span | None) -> int | None:
    if clip is None or info.duration_ms is None:
        return info.duration_ms
    return clip.clamped(Span(0, info.duration_ms)).duration_ms


def _hear(record: JobRecord, info: MediaInfo, track: Track) -> tuple[Span, ...]:
    """Extract, find speech, plan and recognise, all at once, as the audio is decoded: where speech is."""
    settings, media = record.job.settings, record.job.media
    max_chunk_s = longest_chunk_s(
        settings.max_chunk_s or record.engine.default_max_chunk_s,
        max_upload_bytes=int(settings.max_upload_mib * 1024 * 1024),
    )
    start_ms = settings.clip.start_ms if settings.clip else 0
    with extract(info, track, clip=settings.clip) as extraction:
        first_sample = samples_from_ms(start_ms)
        stream = ChunkStream(extraction, max_chunk_s=max_chunk_s, first_sample=first_sample, reporter=record)
        for answer in recognise(stream, record.engine, reporter=record):
            record.answers.append(answer)
            _refuse_existing_outputs(record)
        damage = extraction.damage
    record.is_truncated = damage is not None
    if damage:
        record(Warned(message=f"{media}: {damage}"))
    if any(answer.reply.text.strip() for answer in record.answers):
        for span in _unheard(record.answers):
            place = f"{format_clock(span.start_ms)} to {format_clock(span.end_ms)}"
            what = f"no words were recognised from {place}, though somebody may speak"
            record(Warned(message=f"{media}: {what}"))
    return stream.speech


def _known_language(settings: Settings, engine: Engine) -> str | None:
    """The language of the subtitles as far as it is known before the first reply."""
    return engine.spoken_language or ("en" if settings.task == "translate" else settings.language)


def _refuse_existing_outputs(record: JobRecord) -> None:
    """Stop at the first reply that says which names there will be, if they are taken.

    They are certain only at the end, but by then the whole film has been paid for. A reply with words and
    without a language most likely means that none will name one.
    """
    outputs = record.job.outputs
    if _known_language(record.job.settings, record.engine) is not None:
        return
    language = main_language(record.answers)
    record.language = None if language == UNKNOWN else language
    if record.language or any(answer.reply.text.strip() for answer in record.answers):
        outputs.check_free(outputs.sidecars(record.language).values())


def _unheard(answers: Iterable[ChunkResult]) -> Iterator[Span]:
    """Where there was clear speech and an empty answer."""
    for answer in sorted(answers, key=lambda answer: answer.chunk.index):
        speech_ms = sum(span.duration_ms for span in answer.chunk.speech)
        if not answer.reply.text.strip() and speech_ms >= NOTICEABLE_SPEECH_MS:
            yield Span(answer.chunk.speech[0].start_ms, answer.chunk.speech[-1].end_ms)


def _nothing_heard(media: Path, answers: Sequence[ChunkResult], speech: Iterable[Span]) -> str:
    if not answers:
        return f"{media}: nobody speaks in it, so no subtitles were written"
    speech_ms = sum(span.duration_ms for span in speech)
    return (
        f"{media}: no words were recognised in {speech_ms / 1000:.1f} s that sound like speech, "
        "so no subtitles were written"
    )


def _write(record: JobRecord, *, info: MediaInfo, mux_path: Path | None) -> None:
    """Write the sidecars, then the muxed video; each appears whole or not at all."""
    outputs, overwrites = record.job.outputs, record.job.settings.overwrite
    sidecars = outputs.sidecars(record.language)
    outputs.check_free(sidecars.values())
    record(StageStarted(stage="write"))
    for name, path in sidecars.items():
        write_text_whole(path, get_format(name).render(record.cues), overwrites=overwrites)
        record.outputs.append(path)
    if mux_path is None:
        return
    record(StageStarted(stage="mux"))
    track = NewTrack(cues=record.cues, language=record.language or UNKNOWN, title="", is_default=False)
    with whole_file(mux_path, overwrites=overwrites, flag=VIDEO_FLAG) as temporary:
        report = mux(info, [track], temporary, container=mux_path.suffix[1:])
    record.outputs.append(mux_path)
    for warning in report.warnings:
        record(Warned(message=warning))
