"""Words: cutting a text and joining it again lose nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subtitler.words import join_words, normalise, split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It was, of course, late.", ["It", "was,", "of", "course,", "late."]),
        ("  two   spaces\nand a line ", ["two", "spaces", "and", "a", "line"]),
        ("Bonjour ! Ça va ?", ["Bonjour !", "Ça", "va ?"]),
        ("- No. - Yes.", ["- No.", "- Yes."]),
        ("well – maybe", ["well –", "maybe"]),
        ("¿ Qué ?", ["¿ Qué ?"]),
        ("今日は、良い。", ["今", "日", "は、", "良", "い。"]),
        ("「はい」と", ["「は", "い」", "と"]),
        ("iPhoneを買う", ["iPhone", "を", "買", "う"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("...", ["..."]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_words_that_keep_their_marks(text, words):
    assert split_words(text) == words


@given(st.text())
def test_no_letter_is_lost_or_added_by_cutting_and_joining(text):
    words = split_words(text)
    assert "".join(join_words(words).split()) == "".join(text.split())
    assert all(word.strip() for word in words)


@given(st.lists(st.sampled_from(["Hello,", "world", "はい", "no.", "1984"]), max_size=20))
def test_cutting_the_joined_words_again_changes_nothing(words):
    once = split_words(join_words(words))
    assert split_words(join_words(once)) == once


@pytest.mark.parametrize(
    ("left", "right"), [("Don't", "dont"), ("«Été", "été,"), ("ＡＢＣ", "abc"), ("U.S.", "us")]
)
def test_words_are_the_same_whatever_their_case_width_and_marks(left, right):
    assert normalise(left) == normalise(right)


def test_accents_tell_words_apart():
    assert normalise("ou") != normalise("où")
