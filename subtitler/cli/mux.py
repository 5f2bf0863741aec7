"""``subtitler mux VIDEO SUBS…``: subtitle files into a video, as tracks that can be switched on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from subtitler.cli.options import ANY_FILE, examples, media_argument
from subtitler.console import Console
from subtitler.errors import FormatError, UnknownName, UsageError
from subtitler.events import Warned
from subtitler.languages import UNKNOWN, language_or_unknown, parse_language
from subtitler.outputs import check_outputs, require_film, video_path, whole_file

NO_LANGUAGES: Final = frozenset(
    {"sdh", "forced", "cc", "default", "mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "ts"}
)
"""What stands last in names of subtitle files and is no language there, though some are codes of one."""


@click.command(
    "mux",
    epilog=examples(
        "subtitler mux talk.mp4 talk.en.srt",
        "subtitler mux talk.mp4 talk.en.srt talk.es.vtt -o talk.mkv",
        "subtitler mux talk.mp4 subs.srt --language pt-BR --title Legendas --replace",
    ),
)
@click.argument("video", type=ANY_FILE)
@media_argument("subs", "SUBS...")
@click.option(
    "-o", "--output", metavar="PATH", help="Video (or existing folder) to write.  [NAME.subtitled.EXT]"
)
@click.option(
    "--language",
    "languages",
    multiple=True,
    metavar="LANG",
    help="Language, one for all SUBS or one for each.  [the last tag in the file's name]",
)
@click.option("--title", "titles", multiple=True, metavar="TEXT", help="What players call it; as --language.")
@click.option("--default", "is_default", is_flag=True, help="Players show the (first) new track unasked.")
@click.option("--replace", "replaces", is_flag=True, help="Take out tracks of the same languages.")
@click.option("--overwrite", "overwrites", is_flag=True, help="Replace the output if it exists.")
@click.option("--debug", is_flag=True, help="Show a traceback with an error.")
def command(
    *,
    video: str,
    subs: tuple[str, ...],
    output: str | None,
    languages: tuple[str, ...],
    titles: tuple[str, ...],
    is_default: bool,
    replaces: bool,
    overwrites: bool,
    debug: bool,
) -> int:
    """Add the subtitle files SUBS to VIDEO as tracks; nothing is encoded again.

    The exit code is 3 if VIDEO cannot be read or is not there, 6 if that is so of one of SUBS.
    """
    from subtitler.media.mux import NewTrack, mux  # noqa: PLC0415 - imported on use
    from subtitler.media.probe import probe  # noqa: PLC0415 - the same
    from subtitler.media.subtitle_file import read_subtitle_file  # noqa: PLC0415 - the same

    console = Console(shows_tracebacks=debug)
    media, files = Path(video), [Path(name) for name in subs]
    tags = _for_each(files, [_language(text) for text in languages], "--language")
    names = _for_each(files, titles, "--title")
    target = video_path(output, media, flag="--output")

    info = probe(media)
    require_film(info, hint="give the video first, then its subtitle files")
    check_outputs([target], inputs=[media, *files], overwrites=overwrites)
    tracks = []
    for number, file in enumerate(files):
        cues = read_subtitle_file(file)
        if not cues:
            raise FormatError(f"{file}: holds no cue", hint="give a subtitle file with text in it", path=file)
        tag = tags[number] or language_of_name(file)
        is_first_default = is_default and number == 0
        tracks.append(
            NewTrack(cues=cues, language=tag, title=names[number] or "", is_default=is_first_default)
        )
    with whole_file(target, overwrites=overwrites) as temporary:
        report = mux(
            info, tracks, temporary, container=target.suffix[1:].lower(), replaces_same_language=replaces
        )
    for message in report.warnings:
        console(Warned(message=message))
    listed = ", ".join(track.language for track in tracks)
    console.print_line(f"wrote {target} ({len(tracks)} new track{'' if len(tracks) == 1 else 's'}: {listed})")
    return 0


def language_of_name(file: Path) -> str:
    """The language that a subtitle file's name ends with: ``talk.pt-BR.sdh.srt`` -> ``pt-BR``; or ``und``."""
    parts = file.stem.split(".")[1:]
    while parts and parts[-1].lower() in NO_LANGUAGES:
        parts.pop()
    return language_or_unknown(parts[-1]) if parts else UNKNOWN


def _language(text: str) -> str:
    """What ``--language`` says; ``und`` says that nobody knows, whatever the file's name says."""
    if text.strip().lower() == UNKNOWN:
        return UNKNOWN
    try:
        return parse_language(text)
    except UnknownName as error:
        message = f"--language: {error.message}"
        raise UnknownName(message, kind=error.kind, name=error.name, hint=error.hint) from None


def _for_each(files: Sequence[Path], values: Sequence[str], flag: str) -> Sequence[str | None]:
    """One value per file: none, the same for all, or each its own."""
    if len(values) not in {0, 1, len(files)}:
        raise UsageError(
            f"{flag} is given {len(values)} times for {len(files)} subtitle files",
            hint="give it once, or once for each file",
        )
    if len(values) == len(files):
        return values
    return [values[0] if values else None] * len(files)
