"""Stitching: chunk time becomes media time, claims are repaired, no word is lost or doubled at a seam."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subtitler.model import Chunk, ChunkResult, Reply, Segment, Word
from subtitler.stitching import main_language, share_out, stitch
from subtitler.timing import SAMPLES_PER_MS, Span
from subtitler.words import normalise


def chunk(index, start_ms, end_ms, *, speech=None, overlaps=False):
    spans = ((start_ms, end_ms),) if speech is None else speech
    return Chunk(
        index=index,
        start_sample=start_ms * SAMPLES_PER_MS,
        end_sample=end_ms * SAMPLES_PER_MS,
        speech=tuple(Span(*span) for span in spans),
        overlaps_previous=overlaps,
    )


def word(text, start_ms, end_ms):
    return Word(text=text, span=Span(start_ms, end_ms))


def segment(text, start_ms, end_ms):
    return Segment(text=text, span=Span(start_ms, end_ms))


def words_of(transcript):
    return [word for segment in transcript.segments for word in segment.words]


def texts_of(transcript):
    return [word.text for word in words_of(transcript)]


def starts_of(transcript):
    return [word.span.start_ms for word in words_of(transcript)]


def test_chunk_time_becomes_media_time_by_counting_samples():
    results = [
        ChunkResult(
            chunk=chunk(0, 60_000, 70_000),
            reply=Reply(text="hi there", words=(word("hi", 500, 700), word("there", 800, 990))),
        )
    ]
    assert starts_of(stitch(results)) == [60_500, 60_800]


def test_bare_words_get_the_marks_of_the_segments_text_and_keep_their_times():
    reply = Reply(
        text="Well, don't — it's late.",
        segments=(segment(" Well, don't — it's late.", 0, 3000),),
        words=(
            word("Well", 100, 300),
            word("don", 400, 500),
            word("t", 500, 600),
            word("it's", 900, 1000),
            word("late", 1100, 1400),
        ),
    )
    found = words_of(stitch([ChunkResult(chunk=chunk(0, 0, 3000), reply=reply)]))
    assert [(w.text, w.span.start_ms, w.span.end_ms) for w in found] == [
        ("Well,", 100, 300), ("don't —", 400, 600), ("it's", 900, 1000), ("late.", 1100, 1400),
    ]  # fmt: skip
    assert not any(w.is_estimated for w in found)


def test_a_number_spelled_otherwise_takes_the_time_of_what_was_heard():
    reply = Reply(
        text="It cost $20 then",
        words=(
            word("It", 0, 100),
            word("cost", 100, 300),
            word("twenty", 400, 600),
            word("dollars", 650, 900),
            word("then", 1000, 1100),
        ),
    )
    found = words_of(stitch([ChunkResult(chunk=chunk(0, 0, 2000), reply=reply)]))
    assert [(w.text, w.span.start_ms) for w in found] == [
        ("It", 0),
        ("cost", 100),
        ("$20", 400),
        ("then", 1000),
    ]


def test_a_word_that_the_times_left_out_stands_between_its_neighbours():
    reply = Reply(text="one two three", words=(word("one", 0, 400), word("three", 1000, 1400)))
    found = words_of(stitch([ChunkResult(chunk=chunk(0, 0, 2000), reply=reply)]))
    assert [w.text for w in found] == ["one", "two", "three"]
    assert 400 <= found[1].span.start_ms <= found[1].span.end_ms <= 1000
    assert found[1].is_estimated


def test_segments_share_their_words_out_over_the_speech_inside():
    reply = Reply(text="aaaa bbbb", segments=(segment("aaaa bbbb", 0, 10_000),))
    found = words_of(
        stitch([ChunkResult(chunk=chunk(0, 0, 10_000, speech=[(2000, 4000), (7000, 9000)]), reply=reply)])
    )
    assert [(w.span.start_ms, w.span.end_ms) for w in found] == [(2000, 4000), (7000, 9000)]


def test_text_alone_is_timed_by_the_speech_of_its_chunk():
    reply = Reply(text="Good morning. How are you?")
    transcript = stitch(
        [
            ChunkResult(
                chunk=chunk(0, 10_000, 20_000, speech=[(11_000, 12_000), (15_000, 16_000)]), reply=reply
            )
        ]
    )
    assert [piece.text for piece in transcript.segments] == ["Good morning.", "How are you?"]
    assert transcript.segments[0].span.start_ms == 11_000
    assert transcript.segments[-1].span.end_ms == 16_000


@pytest.mark.parametrize(
    "segments",
    [
        (segment("one two", 0, 0), segment("three", 0, 0)),
        (segment("one two", 90_000, 95_000), segment("three", 95_000, 99_000)),
        (segment("one two", 5000, 6000), segment("three", 1000, 2000)),
    ],
    ids=["all zero", "all past the end", "backwards"],
)
def test_nonsense_times_cost_no_word(segments):
    reply = Reply(text="one two three", segments=segments)
    transcript = stitch([ChunkResult(chunk=chunk(0, 0, 10_000), reply=reply)])
    assert texts_of(transcript) == ["one", "two", "three"]
    assert all(0 <= w.span.start_ms <= w.span.end_ms <= 10_000 for w in words_of(transcript))


def test_what_begins_after_the_audio_ended_was_imagined():
    reply = Reply(text="real. unreal", segments=(segment("real.", 0, 1000), segment("unreal", 2600, 2900)))
    assert texts_of(stitch([ChunkResult(chunk=chunk(0, 0, 2000), reply=reply)])) == ["real."]


def test_a_segment_without_times_of_words_keeps_its_own_place():
    reply = Reply(
        text="One two. Three four.",
        segments=(segment("One two.", 0, 4000), segment("Three four.", 12_000, 16_000)),
        words=(word("One", 100, 400), word("two", 500, 900)),
    )
    found = words_of(stitch([ChunkResult(chunk=chunk(0, 0, 20_000), reply=reply)]))
    assert [w.text for w in found] == ["One", "two.", "Three", "four."]
    assert [w.span.start_ms for w in found[:3]] == [100, 500, 12_000]
    assert found[3].span.end_ms == 16_000


def test_one_wild_time_costs_no_other_word_its_own():
    words = [word(f"w{n}", n * 500, n * 500 + 400) for n in range(20)]
    words[4] = word("w4", 29_000, 29_400)
    text = " ".join(w.text for w in words)
    found = words_of(
        stitch([ChunkResult(chunk=chunk(0, 0, 30_000), reply=Reply(text=text, words=tuple(words)))])
    )
    assert [w.text for w in found] == text.split()
    assert [w.span.start_ms for w in found if w.text != "w4"] == [n * 500 for n in range(20) if n != 4]
    assert 1900 <= found[4].span.start_ms <= 2500


def test_words_that_only_a_part_of_the_reply_holds_are_kept():
    lost = "and here is what the segments do not say at all"
    words = tuple(word(text, 2000 + n * 300, 2200 + n * 300) for n, text in enumerate(lost.split()))
    only_in_text = Reply(text=f"Hello there. {lost}", segments=(segment("Hello there.", 0, 1000),))
    only_in_words = Reply(
        text="Hello there.",
        segments=(segment("Hello there.", 0, 1000),),
        words=(word("Hello", 0, 300), word("there", 400, 900), *words),
    )
    for reply in (only_in_text, only_in_words):
        found = texts_of(stitch([ChunkResult(chunk=chunk(0, 0, 8000), reply=reply)]))
        assert [normalise(text) for text in found] == ["hello", "there", *lost.split()]


def test_a_phrase_that_is_said_again_and_again_is_not_taken_for_itself():
    """Segments are timed, words are not, and every clause begins alike."""
    spoken, at = [], 300
    for n in range(60):
        for text in ("it", "was", "the", "time", "of", f"thing{n}"):
            spoken.append((text, at, at + 280))
            at += 300
    for cut_ms in range(8000, 20_000, 700):
        results = overlapping(spoken, cut_ms, 1200, times="segments")
        assert texts_of(stitch(results)) == [text for text, _, _ in spoken]


def test_where_the_chunk_before_said_nothing_no_word_is_taken_away():
    results = [
        ChunkResult(
            chunk=chunk(0, 0, 5000), reply=Reply(text="she said no", words=(word("no", 4500, 4800),))
        ),
        ChunkResult(chunk=chunk(1, 4800, 9000, overlaps=True), reply=Reply(text="")),
        ChunkResult(
            chunk=chunk(2, 8800, 14_000, overlaps=True),
            reply=Reply(text="no I did", words=(word("no", 300, 500),)),
        ),
    ]
    assert texts_of(stitch(results)).count("no") == 2


def overlapping(spoken, cut_ms, overlap_ms, *, times):
    """Two chunks' results over one list of (text, start, end), as an honest engine would give them."""
    end = spoken[-1][2] + 500
    spans = [(0, cut_ms + overlap_ms // 2), (cut_ms - overlap_ms // 2, end)]
    results = []
    for index, (a, b) in enumerate(spans):
        heard = [(text, s - a, e - a) for text, s, e in spoken if a <= s and e <= b]
        text = " ".join(item[0] for item in heard)
        if times == "words":
            reply = Reply(text=text, words=tuple(word(*item) for item in heard))
        elif times == "segments":
            groups = [heard[i : i + 7] for i in range(0, len(heard), 7)]
            reply = Reply(
                text=text,
                segments=tuple(
                    segment(" ".join(w[0] for w in group), group[0][1], group[-1][2]) for group in groups
                ),
            )
        else:
            reply = Reply(text=text)
        results.append(ChunkResult(chunk=chunk(index, a, b, overlaps=bool(index)), reply=reply))
    return results


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from(
        [("words", 1000), ("words", 5000), ("segments", 2000), ("segments", 5000), ("text", 4500)]
    ),
)
def test_every_word_of_an_overlap_appears_exactly_once(seed, case):
    times, overlap_ms = case
    rng = random.Random(seed)
    vocabulary = [
        "the",
        "of",
        "and",
        "river",
        "stone",
        "people",
        "never",
        "house",
        "seven",
        "light",
        "yellow",
        "ask",
    ]
    spoken, at = [], 300
    for _ in range(80):
        length = rng.randint(120, 700)
        spoken.append((rng.choice(vocabulary), at, at + length))
        at += length + rng.randint(0, 40)
    results = overlapping(spoken, at // 2, overlap_ms, times=times)
    rng.shuffle(results)
    assert texts_of(stitch(results)) == [text for text, _, _ in spoken]


@given(st.permutations(range(6)))
def test_the_order_of_arrival_does_not_matter(order):
    results = [
        ChunkResult(
            chunk=chunk(n, n * 5000, n * 5000 + 5000),
            reply=Reply(text=f"chunk {n}.", words=(word("chunk", 10, 300), word(f"{n}", 400, 600))),
        )
        for n in range(6)
    ]
    assert stitch([results[n] for n in order]) == stitch(results)


claims = st.lists(
    st.tuples(
        st.text(st.characters(categories=["Lu", "Ll", "Nd", "Lo", "Po", "Zs"]), max_size=30),
        st.integers(0, 40_000),
        st.integers(0, 40_000),
    ),
    max_size=8,
)


@settings(max_examples=300, deadline=None)
@given(claims, claims, st.text(max_size=60))
def test_whatever_an_engine_claims_the_transcript_is_in_order_and_inside_the_chunk(
    segment_claims, word_claims, text
):
    reply = Reply(
        text=text,
        segments=tuple(segment(t, min(a, b), max(a, b)) for t, a, b in segment_claims),
        words=tuple(word(t, min(a, b), max(a, b)) for t, a, b in word_claims),
    )
    transcript = stitch(
        [ChunkResult(chunk=chunk(0, 1000, 21_000, speech=[(2000, 9000), (12_000, 20_000)]), reply=reply)]
    )
    previous_start = 1000
    for found in words_of(transcript):
        assert previous_start <= found.span.start_ms <= found.span.end_ms <= 21_000
        previous_start = found.span.start_ms
    assert all(piece.words for piece in transcript.segments)


@given(st.lists(st.text("abcdefg", min_size=1, max_size=12), min_size=1, max_size=40), st.integers(1, 5))
def test_sharing_out_keeps_order_and_fills_the_spans(texts, count):
    spans = [Span(n * 1000, n * 1000 + 600) for n in range(count)]
    shared = share_out(texts, spans)
    assert [w.text for w in shared] == texts
    assert shared[0].span.start_ms == 0
    assert shared[-1].span.end_ms == spans[-1].end_ms
    assert all(a.span.end_ms <= b.span.start_ms for a, b in pairwise(shared))


def test_the_films_language_is_that_of_most_seconds_of_speech():
    def said(index, seconds, language, text="x"):
        return ChunkResult(
            chunk=chunk(index, index * 60_000, index * 60_000 + seconds * 1000),
            reply=Reply(text=text, language=language),
        )

    assert (
        main_language([said(0, 5, "fr"), said(1, 5, "fr"), said(2, 30, "en"), said(3, 50, "de", text="")])
        == "en"
    )
    assert main_language([said(0, 5, None)]) == "und"
    assert main_language([said(0, 9, "pt"), said(1, 20, "pt-BR"), said(2, 25, "en")]) == "pt-BR"


def test_the_same_word_twice_in_a_row_stays_twice():
    spoken = [("very", 1000 + n * 300, 1200 + n * 300) for n in range(30)]
    results = overlapping(spoken, 5500, 3000, times="words")
    assert len(texts_of(stitch(results))) == 30
    assert normalise("Very,") == "very"
