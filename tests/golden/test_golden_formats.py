"""The bytes of each format, as a person once looked at them."""

import pytest

from subtitler.formats import format_names, get_format
from subtitler.model import Cue
from subtitler.timing import Span

CUES = (
    Cue(span=Span(0, 1_499), lines=("Hello, world!",)),
    Cue(span=Span(1_500, 4_000), lines=("<i>Where are you going,</i>", "Tom & Jerry <3 — 1 > 0?")),
    Cue(span=Span(61_001, 62_034), lines=("- ¿Qué? -->", "- 你好 🎬 {\\an8}")),
    Cue(span=Span(3_600_000, 3_607_000), lines=("مرحبا", '<font color="#ff0000">red</font>')),
    Cue(span=Span(359_999_999, 360_000_999), lines=("42", "NOTE the end")),
)


@pytest.mark.parametrize("name", format_names())
def test_the_bytes_of_a_format_are_as_they_were(name, golden):
    golden(f"cues{get_format(name).suffixes[0]}", get_format(name).render(CUES))
