"""Blocks that carry times become samples whose index is their time."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from small_media import RATE, ffmpeg, noise, write_wav
from subtitler.media.timeline import on_one_line, recut, timed_blocks

MS = RATE // 1000


def joined(pieces):
    return np.concatenate([np.zeros(0, np.int16), *pieces])


def line_of(blocks):
    return joined(on_one_line(iter(blocks)))


def ones(ms):
    return np.ones(ms * MS, np.int16)


def test_a_late_start_and_a_hole_are_silence():
    line = line_of([(2500, ones(100)), (2600, ones(100)), (5000, ones(100))])
    assert len(line) == 5100 * MS
    heard = np.flatnonzero(line) // MS
    assert (heard.min(), heard.max()) == (2500, 5099)
    assert not line[2700 * MS : 5000 * MS].any()


def test_even_a_start_one_millisecond_late_is_kept():
    assert np.flatnonzero(line_of([(1, ones(20))]))[0] == MS


def test_times_rounded_by_the_container_do_not_cut_into_the_sound():
    line = line_of([(0, ones(23)), (24, ones(23)), (46, ones(23)), (70, ones(23))])
    assert len(line) == 4 * 23 * MS
    assert line.all()


def test_small_errors_that_add_up_are_made_good_before_anybody_sees_them():
    blocks = [(block * 21, ones(20)) for block in range(2000)]  # 1 ms is missing in every block
    line = line_of(blocks)
    marks = [(block * 21, np.full(20 * MS, block % 30_000 + 1, np.int16)) for block in range(2000)]
    line = line_of(marks)
    for block in range(0, 2000, 111):
        assert abs(int(np.flatnonzero(line == block + 1)[0]) / MS - block * 21) <= 30


def test_sound_that_comes_twice_is_heard_once():
    line = line_of([(0, ones(1000)), (500, 2 * ones(1000)), (200, 3 * ones(100))])
    assert len(line) == 1500 * MS
    assert list(np.unique(line[: 1000 * MS])) == [1]
    assert list(np.unique(line[1000 * MS :])) == [2]


@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 700)), max_size=12))
def test_every_piece_is_small_and_no_sample_is_ever_more_than_the_slack_from_its_time(rough):
    blocks = []
    clock = 0
    for pause, length in rough:
        clock += pause
        blocks.append((clock, np.full(length * MS, len(blocks) + 1, np.int16)))
        clock += length
    pieces = list(on_one_line(iter(blocks)))
    assert all(len(piece) <= RATE for piece in pieces)
    line = joined(pieces)
    for number, (start, block) in enumerate(blocks, start=1):
        where = np.flatnonzero(line == number)
        assert len(where) == len(block), "nothing is lost"
        assert not len(where) or abs(where[0] / MS - start) <= 30


@given(
    st.lists(st.integers(0, 40_000), max_size=8),
    st.integers(0, 60_000),
    st.one_of(st.none(), st.integers(0, 60_000)),
)
def test_cutting_anew_changes_no_sample(lengths, skip, limit):
    whole = np.arange(sum(lengths)).astype(np.int16)
    pieces = np.split(whole, np.cumsum(lengths)[:-1]) if lengths else []
    blocks = list(recut(iter(pieces), skip=skip, limit=limit))
    wanted = whole[skip:] if limit is None else whole[skip : skip + limit]
    assert np.array_equal(joined(blocks), wanted)
    assert all(len(block) == RATE for block in blocks[:-1])


def test_a_limit_stops_the_reading():
    def endless():
        while True:
            yield ones(1000)

    assert sum(map(len, recut(endless(), skip=500, limit=100_000))) == 100_000


def test_what_ffmpeg_writes_as_matroska_is_read_to_the_sample(tmp_path):
    sound = noise(12)
    wav = write_wav(tmp_path / "n.wav", sound)
    ffmpeg("-i", wav, "-c:a", "copy", tmp_path / "n.mkv")
    with (tmp_path / "n.mkv").open("rb") as file:
        blocks = list(timed_blocks(file.read))
    assert len(blocks) > 10
    assert np.array_equal(joined(block for _, block in blocks), sound)
    assert np.array_equal(line_of(blocks), sound)


@pytest.mark.parametrize("cut", [1, 7, 50, 300, 5000])
def test_a_stream_that_breaks_off_gives_what_was_whole(tmp_path, cut):
    wav = write_wav(tmp_path / "n.wav", noise(1))
    ffmpeg("-i", wav, "-c:a", "copy", tmp_path / "n.mkv")
    data = (tmp_path / "n.mkv").read_bytes()[:-cut]
    found = joined(block for _, block in timed_blocks(io.BytesIO(data).read))
    assert np.array_equal(found, noise(1)[: len(found)])


@given(st.binary(max_size=300))
def test_garbage_raises_nothing_and_ends(data):
    assert sum(len(block) for _, block in timed_blocks(io.BytesIO(data).read)) <= 150
