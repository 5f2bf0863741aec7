"""Replies: whatever dialect a server speaks, what it said comes out whole; what is no transcript fails."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subtitler.engines.replies import quoted, read_reply
from subtitler.errors import EngineError, EngineOutputInvalid, EngineRejected
from subtitler.timing import Span

FORMATS = ["auto", "verbose_json", "srt", "vtt", "json", "text"]
SRT = "1\n00:00:00,000 --> 00:00:02,000\nHello, world!\n\n2\n00:00:02,500 --> 00:00:03,000\nTwo\nrows\n\n\n"
VTT = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nHello, world!\n\n00:02.500 --> 00:03.000\nTwo\nrows\n\n"


def read(value, asked="verbose_json"):
    return read_reply(value if isinstance(value, bytes) else json.dumps(value).encode(), asked=asked)


def verbose(**fields):
    return {"text": "Hi there", "segments": [{"start": 0, "end": 1.5, "text": " Hi there"}], **fields}


# -- sniffing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", FORMATS)
@pytest.mark.parametrize("body", [SRT, VTT, "\ufeff" + SRT, "\n\n" + SRT.rstrip(), SRT.replace("\n", "\r\n")])
def test_subtitles_are_read_as_such_whatever_was_asked_for(body, asked):
    reply = read_reply(body.encode(), asked=asked)
    assert [(segment.span, segment.text) for segment in reply.segments] == [
        (Span(0, 2000), "Hello, world!"),
        (Span(2500, 3000), "Two rows"),
    ]
    assert reply.text == "Hello, world! Two rows"


@pytest.mark.parametrize(("asked", "body"), [("srt", SRT), ("vtt", VTT)])
def test_subtitles_wrapped_in_json_are_unwrapped(asked, body):
    reply = read({"text": body, "usage": None}, asked)
    assert len(reply.segments) == 2
    assert read(body.encode(), asked).segments == reply.segments


def test_minutes_that_run_past_the_hour_are_right_and_the_hours_are_not():
    reply = read(b"1\n01:75:30,000 --> 01:75:32,000\nLate", "srt")
    assert reply.segments[0].span == Span(4_530_000, 4_532_000)


def test_a_cue_that_ends_before_it_starts_keeps_its_words():
    assert read(b"1\n00:00:03,000 --> 00:00:01,000\nOdd\n\n", "srt").text == "Odd"


@pytest.mark.parametrize(
    ("asked", "body"),
    [
        ("json", b'{"text":""}'),
        ("verbose_json", b'{"text":"","segments":[],"words":null}'),
        ("srt", b""),
        ("srt", b"\n\n\n"),
        ("srt", b'{"text":""}'),
        ("vtt", b"WEBVTT\n\n"),
        ("vtt", b"WEBVTT"),
        ("text", b"\n"),
    ],
)
def test_an_empty_answer_says_nothing_and_is_no_error(asked, body):
    reply = read(body, asked)
    assert (reply.text, reply.segments, reply.words) == ("", (), ())


@pytest.mark.parametrize("asked", FORMATS)
def test_a_web_page_is_rejected_and_the_address_is_named(asked):
    with pytest.raises(EngineRejected, match="http://here/api") as caught:
        read_reply(b"\n<!DOCTYPE html><html></html>", asked=asked, address="http://here/api")
    assert "/v1" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["<b>Bold</b> words", "[Music]", "{laughs} Well", "Data: none", "12 monkeys"]
)
def test_plain_text_may_begin_like_something_else(text):
    assert read(text.encode(), "text").text == text


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "Hel',
        b'{"segments": 3}',
        b"[1, 2]",
        b'{"text": null, "segments": null}',
        b'{"error": {"message": "no"}}',
        b'{"text": 5}',
        b"",
        b"[" * 100_000,
        b'data: {"type":"transcript.text.delta","delta":"Hel"}\r\n\r\n',
        b'data: {"error":"no"}\r\n\r\ndata: [DONE]\r\n',
        b'data: {"type"',
    ],
)
def test_what_is_no_transcript_fails_and_is_quoted_in_200_characters(body):
    with pytest.raises(EngineOutputInvalid) as caught:
        read(body)
    assert len(str(caught.value)) < 300


def test_a_quotation_holds_no_key():
    assert "abcdef" not in quoted('{"error": "Incorrect API key provided: sk-abcdef123456"}')
    assert "abcdef" not in quoted("Authorization: Bearer abcdef123456")


# -- JSON ---------------------------------------------------------------------------------------------


def test_segments_and_words_become_milliseconds():
    reply = read(
        verbose(
            language="english",
            duration=1.7000000476837158,
            words=[
                {"word": "Hi", "start": 0.0, "end": 0.3199999928474426},
                {"word": "there", "start": 0.6, "end": 1.46},
            ],
        )
    )
    assert reply.language == "en"
    assert reply.segments[0].text == "Hi there"
    assert reply.segments[0].span == Span(0, 1500)
    assert [(word.text, word.span) for word in reply.words] == [
        ("Hi", Span(0, 320)),
        ("there", Span(600, 1460)),
    ]


@pytest.mark.parametrize(
    ("language", "tag"),
    [
        ("english", "en"),
        ("en", "en"),
        ("German", "de"),
        ("deu", "de"),
        (None, None),
        ("", None),
        (7, None),
        ("und", None),
    ],
)
def test_a_language_may_be_a_name_a_code_or_missing(language, tag):
    assert read(verbose(language=language)).language == tag


@pytest.mark.parametrize("number", ["1.5", "1,5", " 1.5 ", 1.5])
def test_numbers_may_be_strings(number):
    assert read(verbose(segments=[{"start": "0", "end": number, "text": "Hi"}])).segments[0].span == Span(
        0, 1500
    )


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-3", "1e999", '"soon"', "null", "true", "1" + "0" * 400])
def test_a_time_that_is_none_loses_no_word(bad):
    body = (
        '{"text":"a b","segments":[{"start":1,"end":2,"text":"a"},{"start":BAD,"end":3,"text":"b"}]}'.replace(
            "BAD", bad
        )
    )
    reply = read(body.encode())
    assert [segment.text for segment in reply.segments] == ["a", "b"]
    assert reply.segments[1].span == Span(3000, 3000)


def test_a_segment_that_ends_before_it_starts_is_kept_without_length():
    assert read(verbose(segments=[{"start": 2, "end": 1, "text": "a"}])).segments[0].span == Span(2000, 2000)


def test_segments_without_any_time_are_text_alone():
    reply = read({"text": "a b", "segments": [{"text": "a"}, {"text": "b"}]})
    assert (reply.text, reply.segments) == ("a b", ())


def test_claims_past_the_end_are_left_for_stitching():
    assert (
        read(verbose(segments=[{"start": 0, "end": 9999, "text": "a"}])).segments[0].span.end_ms == 9_999_000
    )


def test_words_may_be_nested_and_called_text():
    nested = [{"text": "Hi", "start": 0, "end": 0.5}, {"text": "there", "start": 0.5, "end": 1}]
    reply = read(
        verbose(segments=[{"start": 0, "end": 1, "text": "Hi there", "words": nested, "tokens": None}])
    )
    assert [word.text for word in reply.words] == ["Hi", "there"]
    assert reply.segments[0].words == reply.words


def test_parts_of_words_are_joined_with_the_time_of_all_and_the_doubt_of_the_worst():
    tokens = [(" Wor", 0.0, 0.2, 0.9), ("ld", 0.2, 0.4, 0.3), (",", 0.4, 0.4, 0.8), (" you", 0.5, 0.7, 0.7)]
    words = [{"word": t, "start": s, "end": e, "probability": p} for t, s, e, p in tokens]
    reply = read(verbose(segments=[{"start": 0, "end": 1, "text": "World, you", "words": words}]))
    assert [(word.text, word.span, word.confidence) for word in reply.words] == [
        ("World,", Span(0, 400), 0.3),
        ("you", Span(500, 700), 0.7),
    ]


def test_a_character_torn_between_two_tokens_is_joined():
    ear = "語".encode()
    body = (
        b'{"text":"\xe6\x97\xa5\xe8\xaa\x9e","segments":[{"start":0,"end":1,"text":"\xe6\x97\xa5\xe8\xaa\x9e","words":['
        b'{"word":"\xe6\x97\xa5","start":0,"end":0.3},{"word":"' + ear[:2] + b'","start":0.3,"end":0.5},'
        b'{"word":"' + ear[2:] + b'","start":0.5,"end":0.9}]}]}'
    )
    assert [(word.text, word.span) for word in read(body).words] == [
        ("日", Span(0, 300)),
        ("語", Span(300, 900)),
    ]


def test_half_a_character_alone_is_replaced_and_does_not_crash():
    assert read(b'{"text":"a \xe8\xaa b"}').text.encode()
    assert read(b'{"text":"a \\ud83d b"}').text.encode()


def test_server_sent_events_are_read_though_nobody_asked_for_them():
    body = (
        b'data: {"type":"transcript.text.segment","text":" Hi.","speaker":"A","start":0.0,"end":1.3}\r\n\r\n'
        b'data: {"type":"transcript.text.done","text":"Hi."}\r\n\r\ndata: [DONE]\r\n\r\n'
    )
    reply = read(body)
    assert (reply.text, reply.segments[0].span) == ("Hi.", Span(0, 1300))
    deltas = (
        b'data: {"type":"transcript.text.delta","delta":"Hi"}\n\ndata: {"delta":" you"}\n\ndata: [DONE]\n\n'
    )
    assert read(deltas).text == "Hi you"


# -- whatever comes -----------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["text", "segments", "words", "word", "start", "end", "error", "language"]), inner
        )
    ),
    max_leaves=25,
)


def is_reply_or_engine_error(body, asked):
    try:
        reply = read_reply(body, asked=asked)
    except EngineError:
        return True
    spans = [piece.span for piece in (*reply.segments, *reply.words)]
    return reply.text.encode() is not None and all(span.start_ms >= 0 for span in spans)


@given(value=json_values, asked=st.sampled_from(FORMATS))
def test_any_json_is_a_reply_or_an_engine_error(value, asked):
    assert is_reply_or_engine_error(json.dumps(value).encode(), asked)


@given(body=st.binary(max_size=80), asked=st.sampled_from(FORMATS))
def test_any_bytes_are_a_reply_or_an_engine_error(body, asked):
    assert is_reply_or_engine_error(body, asked)
