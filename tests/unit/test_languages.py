"""Languages: whatever a person, a server or a file calls them, one tag inside."""

import pytest

from subtitler.errors import UnknownName
from subtitler.languages import iso_639_1, iso_639_2, language_name, language_or_unknown, parse_language


@pytest.mark.parametrize(
    ("text", "tag"),
    [("en", "en"), ("EN", "en"), ("english", "en"), ("German", "de"), ("deu", "de"), ("ger", "de"),
     ("pt_BR", "pt-BR"),
     ("zh-hans", "zh-Hans"), ("chinese", "zh"), ("haitian creole", "ht"), ("yue", "yue")],
)  # fmt: skip
def test_a_language_is_found_by_code_or_name(text, tag):
    assert parse_language(text) == tag


@pytest.mark.parametrize("text", ["englsh", "zz", "", "xx-klingon", "en-XX-YY", "und", "e", "123"])
def test_an_unknown_language_is_refused_with_a_hint(text):
    with pytest.raises(UnknownName) as caught:
        parse_language(text)
    assert caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "tag"), [(None, "und"), ("", "und"), ("und", "und"), ("gibberish", "und"), ("french", "fr")]
)
def test_claims_of_servers_and_files_never_raise(text, tag):
    assert language_or_unknown(text) == tag


@pytest.mark.parametrize(
    ("tag", "one", "terminology", "bibliographic"),
    [("en", "en", "eng", "eng"), ("fr", "fr", "fra", "fre"), ("pt-BR", "pt", "por", "por"),
     ("zh-Hans", "zh", "zho", "chi"),
     ("yue", None, "yue", "yue"), ("und", None, "und", "und")],
)  # fmt: skip
def test_servers_get_two_letters_and_containers_three(tag, one, terminology, bibliographic):
    assert iso_639_1(tag) == one
    assert iso_639_2(tag) == terminology
    assert iso_639_2(tag, bibliographic=True) == bibliographic


def test_a_tag_has_a_name_for_people():
    assert language_name("de") == "German"
