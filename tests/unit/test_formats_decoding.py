"""Bytes to text: what is certain, what is guessed, and what is refused."""

import codecs

import pytest

from subtitler.errors import FormatError
from subtitler.formats import decode, parse_cues

TEXT = "1\n00:00:01,000 --> 00:00:02,000\nÇa va, Łódź? 你好 🎬\n"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-8"),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
    ],
    ids=[
        "UTF-8",
        "UTF-8 mark",
        "UTF-16 LE",
        "UTF-16 BE",
        "UTF-32 LE",
        "UTF-32 BE",
        "LE, no mark",
        "BE, no mark",
    ],
)
def test_every_form_of_unicode_is_read_without_its_mark(data):
    assert decode(data) == TEXT


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("cp1252", "Não sei o que é isso, irmão. Vamos à praia amanhã, está bem?"),
        ("cp1252", "¿Dónde está el niño? Mañana será otro día."),
        ("cp1252", "Hvor er du? Jeg forstår ikke, hva du gjør. Vi må gå nå."),
        ("cp1252", "Grüße aus München, schöne Straße"),
        ("cp1250", "Kde je můj bratr? Nevím, možná už přišel. Všechno bude v pořádku, slibuji ti."),
        ("cp1250", "Što je to? Želim ići kući, časna riječ. Ništa nije kao što izgleda."),
        ("cp1250", "Nem tudom, hogy ő mit akar. Nélküled nem sikerült volna ez a gyönyörű út."),
        (
            "cp1252",
            "L’été dernier, où êtes-vous allés ? À l’hôtel, près du château. Ça m’a plu, le garçon était là.",
        ),
        (
            "cp1250",
            "Nie wiem, co się stało. Gdzie są dzieci? Wszystko będzie dobrze, obiecuję. Musimy stąd wyjść.",
        ),
        ("cp1251", "Привет, как дела? Я не знаю, что это такое. Мы поедем завтра в город."),
        ("koi8-r", "Привет, как дела? Я не знаю, что это такое. Мы поедем завтра в город."),
        ("cp1253", "Καλημέρα, τι κάνεις σήμερα; Δεν ξέρω τι να σου πω."),
        (
            "cp1254",
            "Günaydın, nasılsın? Şimdi gidiyoruz, değil mi? Çok geç olduğunu biliyorsun.",
        ),
        ("cp1256", "مرحبا كيف حالك اليوم؟ لا أعرف ماذا أقول لك."),
        ("shift_jis", "こんにちは、元気ですか。今日はいい天気ですね。"),
        ("gb18030", "你好，今天天气很好。我们去公园吧。"),
        ("big5", "你好，今天天氣很好。我們去公園吧。"),
        ("euc_kr", "안녕하세요. 오늘 날씨가 좋네요."),
    ],
)
def test_legacy_encodings_of_subtitles_are_guessed_from_their_letters(encoding, words):
    timings = "".join(f"{n}\n00:00:{n:02},000 --> 00:00:{n:02},900\nOK\n\n" for n in range(1, 40))
    data = f"{timings}40\n00:00:50,000 --> 00:00:51,000\n{words}\n".encode(encoding)
    assert parse_cues(decode(data))[-1].lines == (words,)


def test_a_broken_utf16_file_is_refused():
    with pytest.raises(FormatError) as caught:
        decode(TEXT.encode("utf-16")[:-1])
    assert caught.value.exit_code == 6
    assert "UTF-8" in caught.value.hint


def test_bytes_that_are_no_text_are_refused_or_hold_no_cue():
    for data in (
        bytes(range(256)) * 8,
        b"\x00\x00\x00\x20ftypisom" * 50,
        b"\xff" * 99,
        b"\x80\x81\x8d\x8f\x90\x9d" * 9,
    ):
        with pytest.raises(FormatError):
            parse_cues(decode(data))
