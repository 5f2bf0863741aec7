"""From blocks of samples that carry times to samples whose index is their time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from subtitler.timing import SAMPLE_RATE, samples_from_ms

if TYPE_CHECKING:
    from subtitler.model import Samples

BLOCK_SAMPLES: Final = SAMPLE_RATE
"""Samples in every block but the last: one second."""

_SLACK_MS: Final = 30
"""How far a block may be off before its time is believed more than the count of samples: containers
round times (Matroska to 1 ms, others to their frames), and 30 ms is less than a viewer sees."""

# Matroska's element numbers, from RFC 9559
_SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
_BLOCK_GROUP: Final = 0xA0
_TIMESTAMP: Final = 0xE7
_BLOCK: Final = 0xA1
_SIMPLE_BLOCK: Final = 0xA3
_PARENTS: Final = frozenset({_SEGMENT, _CLUSTER, _BLOCK_GROUP})


def timed_blocks(read: Callable[[int], bytes]) -> Iterator[tuple[int, Samples]]:
    """The blocks of a Matroska stream with one track of 16 bit samples: time in ms, samples.

    Args:
        read: Gives as many bytes as asked for, fewer only at the end of the stream.
    """
    import numpy as np  # noqa: PLC0415 - imported on use

    cluster_ms = 0
    while (ident := _read_number(read, is_id=True)) is not None:
        size = _read_number(read, is_id=False)
        if ident in _PARENTS:
            continue  # its children follow
        body = read(size or 0)
        if ident == _TIMESTAMP:
            cluster_ms = int.from_bytes(body, "big")
        elif ident in (_BLOCK, _SIMPLE_BLOCK):
            # track number (one byte: there is one track), time within the cluster, flags
            block_ms = cluster_ms + int.from_bytes(body[1:3], "big", signed=True)
            count = (len(body) - 4) // 2
            if count > 0:
                yield block_ms, np.frombuffer(body, dtype="<i2", count=count, offset=4)


def on_one_line(blocks: Iterator[tuple[int, Samples]]) -> Iterator[Samples]:
    """The same samples where their times say, on one line from 0: holes silent, overlaps cut.

    Args:
        blocks: Times in ms, and the samples from there on.

    Yields:
        Pieces of at most a second; joined, a sample's index is its time.
    """
    import numpy as np  # noqa: PLC0415 - imported on use

    silence = np.zeros(BLOCK_SAMPLES, dtype=np.int16)
    slack = samples_from_ms(_SLACK_MS)
    cursor = 0
    for block_ms, block in blocks:
        gap = samples_from_ms(block_ms) - cursor
        if gap > slack or (gap > 0 and cursor == 0):
            for start in range(0, gap, BLOCK_SAMPLES):
                yield silence[: gap - start]
            cursor += gap
        elif gap < -slack:
            block = block[-gap:]  # noqa: PLW2901 - the part that is new
        for start in range(0, len(block), BLOCK_SAMPLES):
            yield block[start : start + BLOCK_SAMPLES]
        cursor += len(block)


def recut(pieces: Iterator[Samples], *, skip: int = 0, limit: int | None = None) -> Iterator[Samples]:
    """The same samples in blocks of one second; without the first ``skip``, at most ``limit``."""
    import numpy as np  # noqa: PLC0415 - imported on use

    waiting: list[Samples] = []
    have = 0
    left = limit
    for piece in pieces:
        fresh = piece[skip:]
        skip = max(0, skip - len(piece))
        if left is not None:
            fresh = fresh[:left]
            left -= len(fresh)
        waiting.append(fresh)
        have += len(fresh)
        if have >= BLOCK_SAMPLES:
            joined = np.concatenate(waiting)
            for start in range(0, have - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
                yield joined[start : start + BLOCK_SAMPLES]
            have %= BLOCK_SAMPLES
            waiting = [joined[len(joined) - have :]]
        if left == 0:
            break
    if have:
        yield np.concatenate(waiting)


def _read_number(read: Callable[[int], bytes], *, is_id: bool) -> int | None:
    """One of EBML's numbers of variable length; an id keeps the mark of its length. None at the end."""
    first = read(1)
    if not first or first[0] == 0:
        return None
    length = 9 - first[0].bit_length()
    value = first[0] if is_id else first[0] & (0xFF >> length)
    return value << 8 * (length - 1) | int.from_bytes(read(length - 1), "big")
