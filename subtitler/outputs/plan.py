"""The names of outputs, decided before any work as far as they can be known then."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from subtitler.errors import OutputNotWritable, UsageError
from subtitler.formats import format_names, format_of_suffix, get_format
from subtitler.languages import UNKNOWN
from subtitler.model import MediaInfo
from subtitler.outputs.checks import check_folder, check_length, check_outputs, is_folder

VIDEO_SUFFIXES: Final = (".mp4", ".m4v", ".mov", ".mkv", ".webm")
"""What `mux` writes; a film in another container gets the last resort, mkv."""

_LAST_RESORT: Final = ".mkv"
_SHORTEST_TAG: Final = ".en"
"""Stands for a language that is not known yet, where only the length of its tag counts."""

_NAMELESS_REPLIES: Final = frozenset({"srt", "vtt", "json", "text"})
"""Response formats that name no language."""

VIDEO_FLAG: Final = "--mux-output"
"""Where ``generate`` is told the video's name."""


class OutputSettings(Protocol):
    """The settings that decide about names."""

    @property
    def output(self) -> str | None:
        """The subtitle file or folder asked for; a slash at its end says that it is a folder."""

    @property
    def format(self) -> tuple[str, ...]:
        """Formats to write."""

    @property
    def task(self) -> str:
        """``transcribe`` or ``translate``."""

    @property
    def language(self) -> str | None:
        """BCP 47 of what is spoken, if the user said so."""

    @property
    def response_format(self) -> str:
        """What is asked of a server."""

    @property
    def wants_mux(self) -> bool:
        """Whether a video is written too."""

    @property
    def mux_output(self) -> str | None:
        """The video or folder asked for."""

    @property
    def overwrite(self) -> bool:
        """Whether files that exist may be replaced."""

    def outranks(self, winner: str, loser: str) -> bool:
        """Whether the setting ``winner`` was said on a stronger level than ``loser``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputPlan:
    """Where the outputs of one media file go.

    Attributes:
        media: The media file.
        formats: Formats to write.
        folder: Where sidecars go.
        file: The one sidecar, if the user named it.
        language: The tag in the sidecars' names as far as it is known before work; else None.
        expects_language: The replies may name one, so that there may be a tag which is not known yet.
        video: The video to write, None if none is wanted.
        inputs: All files of the batch, none of which may be written to.
        overwrites: Files that exist may be replaced.
    """

    media: Path
    formats: tuple[str, ...]
    folder: Path
    file: Path | None = None
    language: str | None = None
    expects_language: bool = True
    video: Path | None = None
    inputs: tuple[Path, ...] = ()
    overwrites: bool = False

    @property
    def knows_names(self) -> bool:
        """Whether the sidecars' names are certain before work."""
        return self.file is not None or self.language is not None or not self.expects_language

    def sidecars(self, language: str | None) -> dict[str, Path]:
        """Format to file, for subtitles whose language turned out to be this (None or ``und``: unknown).

        What was known before the work wins: those names were checked.
        """
        if self.file is not None:
            return {self.formats[0]: self.file}
        tag = self.language or language
        stem = self.media.stem if tag in (None, UNKNOWN) else f"{self.media.stem}.{tag}"
        return {name: self.folder / f"{stem}{get_format(name).suffixes[0]}" for name in self.formats}

    def mux_path(self, info: MediaInfo) -> Path | None:
        """The video to write, None if none is wanted.

        Raises:
            UsageError: If the media has no moving picture.
        """
        if self.video is not None:
            require_film(info)
        return self.video

    def check_known(self) -> None:
        """Refuse, before work, every output that is known to be in the way.

        Raises:
            OutputError: Its own class for each reason: see `check_outputs`.
        """
        sidecars = list(self.sidecars(None).values())
        if self.knows_names:
            self.check_free(sidecars)
        for path in sidecars:
            check_folder(path)
            check_length(path, tag="" if self.knows_names else _SHORTEST_TAG)
        if self.video is not None:
            self.check_free([self.video], flag=VIDEO_FLAG)

    def check_free(self, paths: Iterable[Path], *, flag: str = "--output") -> None:
        """Refuse outputs that cannot take their place.

        Raises:
            OutputError: Its own class for each reason: see `check_outputs`.
        """
        check_outputs(paths, inputs=self.inputs or (self.media,), overwrites=self.overwrites, flag=flag)


def plan_outputs(
    inputs: Sequence[Path], settings: OutputSettings, *, spoken_language: str | None = None
) -> tuple[OutputPlan, ...]:
    """Where the outputs of each input go; one plan per input.

    Args:
        inputs: Media files, which need not exist.
        settings: What the user wants.
        spoken_language: BCP 47 of all answers of the engine, where it knows one language only.

    Raises:
        UsageError: If the wishes contradict each other or two outputs would have one name.
        OutputNotWritable: If a folder that was asked for is not there.
    """
    formats = settings.format
    known = "en" if settings.task == "translate" else spoken_language or settings.language
    file = folder = None
    if settings.output is not None:
        file, folder = _file_or_folder(settings.output, flag="--output", inputs=inputs)
    if file is not None:
        formats = (_format_of_file(file, settings),)
    plans = tuple(
        OutputPlan(
            media=media,
            formats=formats,
            folder=folder or (file.parent if file else media.parent),
            file=file,
            language=known,
            expects_language=known is None and settings.response_format not in _NAMELESS_REPLIES,
            video=_video(media, folder or (file.parent if file else media.parent), settings, inputs),
            inputs=tuple(inputs),
            overwrites=settings.overwrite,
        )
        for media in inputs
    )
    _refuse_shared_names(plans)
    return plans


def video_name(media: Path) -> str:
    """What a film with a new track is called: ``talk.mp4`` -> ``talk.subtitled.mp4``."""
    suffix = media.suffix if media.suffix.lower() in VIDEO_SUFFIXES else _LAST_RESORT
    return f"{media.stem}.subtitled{suffix}"


def video_path(wish: str | None, media: Path, *, flag: str, folder: Path | None = None) -> Path:
    """The video to write: the file asked for, or its usual name in the folder asked for.

    Raises:
        UsageError: If no video can be written under that name.
        OutputNotWritable: If the folder is not there.
    """
    if wish is None:
        return (folder or media.parent) / video_name(media)
    file, wanted_folder = _file_or_folder(wish, flag=flag, inputs=[media])
    if file is None:
        return (wanted_folder or media.parent) / video_name(media)
    if file.suffix.lower() not in VIDEO_SUFFIXES:
        raise UsageError(
            f"{flag}: no video can be written as {file.suffix or file.name} ({file})",
            hint=f"name a file that ends in one of {' '.join(VIDEO_SUFFIXES)}",
        )
    return file


def require_film(
    info: MediaInfo, *, hint: str = "leave out --mux: the subtitle file beside it is all that is needed"
) -> None:
    """Refuse media without a moving picture where a video is to be written.

    Raises:
        UsageError: If there is none; with the ``hint`` given.
    """
    if not info.has_film:
        what = "audio alone" if info.tracks_of("audio") else "it holds no moving picture"
        raise UsageError(
            f"{info.path}: {what}, so there is no video to put subtitles into", hint=hint, path=info.path
        )


def _file_or_folder(wish: str, *, flag: str, inputs: Sequence[Path]) -> tuple[Path | None, Path | None]:
    """Whether a wish names a file or a folder: exactly one of both is returned."""
    path = Path(wish)
    if is_folder(path):
        return None, path
    says_folder = wish.endswith(("/", os.sep)) or not path.suffix
    if says_folder and not os.path.lexists(path):
        raise OutputNotWritable(
            f"{flag}: there is no folder {path}",
            hint="make it first, or name a file with its suffix",
            path=path,
        )
    if len(inputs) > 1:
        raise UsageError(
            f"{flag}: {len(inputs)} inputs cannot share one file, {path}",
            hint="name an existing folder",
            path=path,
        )
    return path, None


def _format_of_file(file: Path, settings: OutputSettings) -> str:
    found = format_of_suffix(file.suffix)
    if found is None:
        suffixes = " ".join(get_format(name).suffixes[0] for name in format_names())
        raise UsageError(
            f"--output: {file.suffix or file.name} is no subtitle format known here ({file})",
            hint=f"name a file that ends in one of {suffixes}, or an existing folder",
        )
    if settings.format == (found,) or settings.outranks("output", "format"):
        return found
    if settings.outranks("format", "output") or len(settings.format) == 1:
        asked = " ".join(settings.format)
        raise UsageError(
            f"--output: {file} ends in {file.suffix}, but --format asks for {asked}",
            hint="leave one of them out",
        )
    raise UsageError(
        f"--output: {len(settings.format)} formats cannot share one file, {file}",
        hint="name an existing folder",
    )


def _video(media: Path, folder: Path, settings: OutputSettings, inputs: Sequence[Path]) -> Path | None:
    if not settings.wants_mux:
        return None
    if settings.mux_output is not None:
        _file_or_folder(settings.mux_output, flag=VIDEO_FLAG, inputs=inputs)
    return video_path(settings.mux_output, media, flag=VIDEO_FLAG, folder=folder)


def _refuse_shared_names(plans: Sequence[OutputPlan]) -> None:
    owners: dict[str, Path] = {}
    for plan in plans:
        sidecars = plan.sidecars(None).values()
        for path in (*sidecars, *([plan.video] if plan.video else [])):
            is_final = plan.knows_names or path not in sidecars
            # a name that is a symbolic link stands for what it points to
            name = os.path.normcase(
                os.path.realpath(path) if is_final else Path(os.path.realpath(path.parent), path.name)
            )
            if name in owners:
                raise UsageError(
                    f"{owners[name]} and {plan.media} would both be written to {path}",
                    hint="give them to separate commands with different --output folders",
                    path=path,
                )
            owners[name] = plan.media
