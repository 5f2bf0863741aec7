"""Settings: who wins, what is refused, where keys go."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subtitler.config import (
    OPEN_END_MS,
    SETTINGS,
    Level,
    Settings,
    choose_engine,
    engine_options,
    is_wished,
    load_settings,
    markdown_table,
    resolve_key,
    user_file,
    value_text,
)
from subtitler.errors import ConfigError, UnknownName, UsageError
from subtitler.timing import Span

COMET = "https://api.cometapi.com/v1"


@pytest.fixture
def load(tmp_path):
    """Load settings from flags, variables and the text of both files."""

    def load(flags=None, *, environ=None, project=None, user=None):
        cwd, home = tmp_path / "project", tmp_path / "home"
        (home / ".config" / "subtitler").mkdir(parents=True, exist_ok=True)
        cwd.mkdir(exist_ok=True)
        for text, path in (
            (project, cwd / "subtitler.toml"),
            (user, home / ".config/subtitler/config.toml"),
        ):
            if text is not None:
                path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_settings(flags or {}, environ={"HOME": str(home), **(environ or {})}, cwd=cwd)

    return load


def test_without_any_word_every_setting_has_its_default(load):
    settings = load()
    assert dataclasses.replace(settings, sources={}) == Settings()
    assert {source.level for source in settings.sources.values()} == {Level.DEFAULT}


@pytest.mark.parametrize("strongest", range(4))
def test_a_stronger_word_hides_all_weaker_ones(load, strongest):
    words = ["transcribe"] * 4
    words[strongest] = "translate"
    flag, variable, project, user = [None] * strongest + words[strongest:]
    settings = load(
        {"task": flag},
        environ={"SUBTITLER_TASK": variable or ""},
        project=project and f"task = '{project}'",
        user=user and f"task = '{user}'",
    )
    assert settings.task == "translate"
    assert settings.source("task").level == strongest


def test_every_value_says_where_it_came_from(load, tmp_path):
    settings = load(
        {"language": "de"},
        environ={"SUBTITLER_CONCURRENCY": "2"},
        project="max-chunk-s = 30",
        user='base_url = "https://example.org/v1"',
    )
    assert str(settings.source("language")) == "--language"
    assert str(settings.source("concurrency")) == "SUBTITLER_CONCURRENCY"
    assert str(settings.source("max_chunk_s")) == str(tmp_path / "project/subtitler.toml")
    assert str(settings.source("base_url")) == str(tmp_path / "home/.config/subtitler/config.toml")
    assert str(settings.source("task")) == "default"
    assert settings.outranks("language", "concurrency")
    assert not settings.outranks("base_url", "max_chunk_s")


def test_a_plain_value_means_the_same_as_flag_variable_and_toml(load):
    """One parser reads all of them."""
    toml = """
        output = "out/"
        format = ["srt", "vtt"]
        task = "translate"
        engine = "api"
        model = "m"
        language = "pt_BR"
        prompt = "Ada"
        temperature = 0.5
        response_format = "json"
        audio_track = 1
        clip = "1:00-2:30"
        max-chunk-s = 20
        max_upload_mib = 3.5
        concurrency = 7
        mux = true
        mux-output = "x.mkv"
        overwrite = true
        json = true
        quiet = true
        debug = true
    """
    texts = {
        "output": "out/",
        "format": "srt vtt",
        "task": "translate",
        "engine": "api",
        "model": "m",
        "language": "pt_BR",
        "prompt": "Ada",
        "temperature": "0.5",
        "response_format": "json",
        "audio_track": "1",
        "clip": "1:00-2:30",
        "max_chunk_s": "20",
        "max_upload_mib": "3.5",
        "concurrency": "7",
        "mux": "1",
        "mux_output": "x.mkv",
        "overwrite": "true",
        "json": "TRUE",
        "quiet": "1",
        "debug": "true",
    }
    from_files = load(project=toml)
    from_variables = load(
        environ={SETTINGS[name].variable: text for name, text in texts.items()}, project=b""
    )
    from_flags = load({**texts, "format": ("srt", "vtt")})
    plain = [dataclasses.replace(one, sources={}) for one in (from_files, from_variables, from_flags)]
    assert plain[0] == plain[1] == plain[2]
    assert plain[0].language == "pt-BR"
    assert plain[0].clip == Span(60_000, 150_000)
    assert {name for name in SETTINGS if getattr(plain[0], name) == SETTINGS[name].default} == {
        "base_url",
        "api_key",
        "insecure_http",
    }


def test_an_empty_variable_counts_as_unset(load):
    settings = load(environ=dict.fromkeys((row.variable for row in SETTINGS.values()), " "))
    assert dataclasses.replace(settings, sources={}) == Settings()


@pytest.mark.parametrize(
    "line", ['base_url = "https://evil.example/v1"', 'api-key = "k"', "insecure-http = true"]
)
def test_a_projects_file_cannot_say_where_a_key_goes(load, line):
    with pytest.raises(ConfigError, match=r"subtitler\.toml: .* may not stand in a project's file") as caught:
        load(project=line)
    assert "config.toml" in caught.value.hint
    load(project="", user=line)


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("langauge = 'en'", "unknown setting 'langauge'", "did you mean language?"),
        ("task = 'translat'", "'translat' is not one of transcribe, translate", "did you mean translate?"),
        ("temperature = '0.5'", "must be a whole number or a number, not a text", "from 0 to 1"),
        ("temperature = true", "not true or false", "from 0 to 1"),
        ("temperature = nan", "'nan' is not a number from 0 to 1", None),
        ("concurrency = 0", "'0' is not a whole number from 1 to 64", None),
        ("mux = 1", "must be true or false, not a number", None),
        ("format = ['srt', 3]", "not a number", None),
        ("format = 'ass'", "'ass' is not one of srt, vtt", None),
        ("language = 'xx'", "unknown language 'xx'", None),
        ("clip = '2:00-1:00'", "it ends before it starts", None),
        ("output = ''", "is not the name of a file", None),
        ('output = "a\\u0000b"', "is not the name of a file", None),
        ("[mux]\na = 1", "must be true or false, not a table", None),
        ("task = 2020-01-01", "not a date", None),
        ("max_chunk_s = 9\nmax-chunk-s = 9", "is set twice", None),
        ("task = ", "is not TOML", None),
        (b"prompt = '\xff'", "is not UTF-8", "save it as UTF-8"),
    ],
)
def test_a_broken_file_is_named_with_key_and_cure(load, tmp_path, text, says, hint):
    with pytest.raises(ConfigError) as caught:
        load(project=text)
    assert str(tmp_path / "project/subtitler.toml") in caught.value.message
    assert says in caught.value.message
    if hint:
        assert hint in caught.value.hint


def test_a_file_that_is_a_folder_is_a_clear_error(load, tmp_path):
    (tmp_path / "project/subtitler.toml").mkdir(parents=True)
    with pytest.raises(ConfigError, match="cannot be read"):
        load()


def test_a_byte_order_mark_does_no_harm(load):
    assert load(project=b"\xef\xbb\xbftask = 'translate'").task == "translate"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("temperature", "1.01"),
        ("temperature", "-0.1"),
        ("temperature", "inf"),
        ("temperature", "0_1"),
        ("max_chunk_s", "4.9"),
        ("max_chunk_s", "1401"),
        ("max_upload_mib", "0.2"),
        ("concurrency", "65"),
        ("concurrency", "1.5"),
        ("concurrency", "٣"),
        ("mux", "yes"),
        ("clip", "1:00"),
        ("clip", "-"),
        ("clip", "1:00-1:00"),
        ("clip", "1:75-2:00"),
        ("audio_track", "-1"),
        ("response_format", "xml"),
        ("engine", "whisper"),
        ("prompt", "a\x1bb"),
        ("prompt", "\udcff"),
        ("base_url", "example.org/v1"),
        ("base_url", "ftp://example.org"),
        ("base_url", "https://"),
        ("base_url", "https://example.org:99999/v1"),
        ("base_url", "https://exa mple.org/v1"),
    ],
)
def test_a_value_out_of_its_limits_is_refused_by_flag_and_variable(load, name, text):
    with pytest.raises(UsageError, match=SETTINGS[name].flag):
        load({name: text})
    if "\x00" not in text:
        with pytest.raises(ConfigError, match=SETTINGS[name].variable):
            load(environ={SETTINGS[name].variable: text})


@pytest.mark.parametrize("url", ["https://me:s3cret@example.org/v1", "https://example.org/v1?key=s3cret"])
def test_what_may_be_secret_in_an_address_is_not_repeated(load, url):
    with pytest.raises(UsageError) as caught:
        load({"base_url": url})
    assert "s3cret" not in f"{caught.value.message} {caught.value.hint}"


def test_a_bad_key_is_refused_without_showing_it(load):
    with pytest.raises(ConfigError, match="SUBTITLER_API_KEY") as caught:
        load(environ={"SUBTITLER_API_KEY": "s3cret\r\nX: y"})
    assert "s3cret" not in f"{caught.value.message} {caught.value.hint}"


def test_an_unknown_language_is_an_unknown_name_with_neighbours(load):
    with pytest.raises(UnknownName, match="--language: unknown language 'germn'") as caught:
        load({"language": "germn"})
    assert "German" in caught.value.hint


def test_settings_can_be_given_as_python_values(load, tmp_path):
    settings = load(
        {"mux": True, "temperature": 0.25, "format": ["vtt"], "output": tmp_path, "audio_track": 1}
    )
    assert (settings.mux, settings.temperature, settings.format) == (True, 0.25, ("vtt",))
    assert (settings.output, settings.audio_track) == (str(tmp_path), "1")
    with pytest.raises(UsageError, match="unknown setting 'langauge'"):
        load({"langauge": "en"})


@given(st.integers(0, 35_999), st.integers(1, 36_000))
def test_a_clip_is_what_was_typed_and_types_back(start, length):
    span = Span(start * 1000, (start + length) * 1000)
    assert SETTINGS["clip"].kind.parse(value_text(span)) == span


def test_a_wish_for_a_track_stays_as_it_was_typed(load):
    assert load({"audio_track": "eng"}).audio_track == "eng"
    with pytest.raises(UsageError, match="unknown language"):
        load({"audio_track": "xx"})


def test_a_clip_may_be_open_at_either_end():
    parse = SETTINGS["clip"].kind.parse
    assert parse("1:00-") == Span(60_000, OPEN_END_MS)
    assert parse("-0:30.5") == Span(0, 30_500)
    assert value_text(parse("1:00-")) == "1:00-"


def test_the_users_file_is_found_as_xdg_says():
    assert user_file({"XDG_CONFIG_HOME": "/x", "HOME": "/h"}).as_posix() == "/x/subtitler/config.toml"
    for environ in ({"XDG_CONFIG_HOME": "", "HOME": "/h"}, {"XDG_CONFIG_HOME": "x", "HOME": "/h"}):
        assert user_file(environ).as_posix() == "/h/.config/subtitler/config.toml"
    assert user_file({}) is None


def test_every_setting_is_a_row_with_help_and_every_row_is_a_field():
    fields = {field.name for field in dataclasses.fields(Settings)} - {"sources"}
    assert set(SETTINGS) == fields
    for setting in SETTINGS.values():
        assert setting.help.endswith((".", ")."))
        assert f"`{setting.variable}`" in markdown_table()
    assert {name for name, row in SETTINGS.items() if row.is_secret or not row.has_flag} == {"api_key"}


def test_switches_are_understood_even_when_the_rest_is_broken():
    assert is_wished("json", {"json": True}, {})
    assert is_wished("json", {"json": None}, {"SUBTITLER_JSON": "1"})
    assert not is_wished("json", {"json": False}, {"SUBTITLER_JSON": "1"})
    assert not is_wished("json", {}, {})


# Keys


@pytest.mark.parametrize(
    ("url", "environ", "key"),
    [
        (COMET, {"COMETAPI_KEY": "c", "OPENAI_API_KEY": "o"}, "c"),
        ("https://API.cometapi.com/v1/", {"COMETAPI_KEY": "c"}, "c"),
        ("https://api.openai.com/v1", {"COMETAPI_KEY": "c", "OPENAI_API_KEY": "o"}, "o"),
        ("https://example.org/v1", {"COMETAPI_KEY": "c", "OPENAI_API_KEY": "o"}, None),
        ("https://api.cometapi.com.example.org/v1", {"COMETAPI_KEY": "c"}, None),
        ("https://api.cometapi.com./v1", {"COMETAPI_KEY": "c"}, None),
        ("https://example.org/v1", {"SUBTITLER_API_KEY": "s"}, "s"),
        (COMET, {"SUBTITLER_API_KEY": "s", "COMETAPI_KEY": "c"}, "s"),
        ("http://127.0.0.1:8000/v1", {"SUBTITLER_API_KEY": "s", "COMETAPI_KEY": "c"}, "s"),
        ("http://localhost:8000/v1", {"COMETAPI_KEY": "c"}, None),
        ("http://[::1]:8000/v1", {"SUBTITLER_API_KEY": "s"}, "s"),
        ("http://example.org/v1", {}, None),
    ],
)
def test_a_key_goes_to_its_own_host_alone(load, url, environ, key):
    found = resolve_key(load({"base_url": url}, environ=environ), environ)
    assert (found and found.reveal()) == key


def test_the_users_file_may_hold_a_key_for_whatever_base_url(load):
    settings = load({"base_url": "https://example.org/v1"}, user='api_key = "s3cret"')
    assert resolve_key(settings, {}).reveal() == "s3cret"
    assert "s3cret" not in repr(settings)
    assert value_text(settings.api_key) == "********"


@pytest.mark.parametrize(
    ("url", "variable"), [(COMET, "COMETAPI_KEY"), ("https://api.openai.com/v1", "OPENAI_API_KEY")]
)
def test_a_host_that_needs_a_key_names_its_variable(load, url, variable):
    with pytest.raises(UsageError, match=variable):
        resolve_key(load({"base_url": url}), {"OTHER": "x"})


def test_no_key_travels_in_the_open(load):
    flags = {"base_url": "http://example.org/v1"}
    environ = {"SUBTITLER_API_KEY": "s"}
    with pytest.raises(UsageError, match="in the open"):
        resolve_key(load(flags, environ=environ), environ)
    assert resolve_key(load({**flags, "insecure_http": True}, environ=environ), environ).reveal() == "s"
    with pytest.raises(UsageError, match="https only"):
        resolve_key(load({"base_url": "http://api.cometapi.com/v1"}), {"COMETAPI_KEY": "c"})


# Engines


@pytest.mark.parametrize(
    ("flags", "environ", "engine"),
    [
        ({}, {}, "embedded"),
        ({"language": "en-GB"}, {}, "embedded"),
        ({}, {"OPENAI_API_KEY": "o"}, "embedded"),
        ({}, {"COMETAPI_KEY": "c"}, "api"),
        ({}, {"SUBTITLER_API_KEY": "s"}, "api"),
        ({"language": "de"}, {"COMETAPI_KEY": "c"}, "api"),
        ({"base_url": "http://localhost:1/v1"}, {}, "api"),
        ({"base_url": COMET}, {}, "api"),
        ({}, {"SUBTITLER_BASE_URL": "https://example.org/v1"}, "api"),
        ({"engine": "embedded"}, {"COMETAPI_KEY": "c"}, "embedded"),
        ({"engine": "api"}, {}, "api"),
    ],
)
def test_auto_takes_the_api_if_it_is_set_up_and_else_the_embedded_recogniser(load, flags, environ, engine):
    choice = choose_engine(load(flags, environ=environ), environ)
    assert choice.name == engine
    assert bool(choice.warnings) == (engine == "embedded" and "engine" not in flags)
    assert choice.spoken_language == ("en" if engine == "embedded" else None)


@pytest.mark.parametrize("engine", ["auto", "embedded"])
@pytest.mark.parametrize("flags", [{"language": "de"}, {"task": "translate"}, {"model": "whisper-1"}])
def test_what_the_embedded_recogniser_cannot_do_says_what_can(load, engine, flags):
    with pytest.raises(UsageError) as caught:
        choose_engine(load({"engine": engine, **flags}), {})
    assert ("COMETAPI_KEY" if engine == "auto" else "--engine api") in caught.value.hint


def test_a_model_in_a_file_does_not_stand_in_the_way_of_a_flag(load):
    settings = load({"engine": "embedded"}, project='model = "whisper-1"')
    choice = choose_engine(settings, {})
    assert engine_options(settings, choice, {}).model is None


def test_flags_that_mean_nothing_to_the_embedded_recogniser_are_named(load):
    choice = choose_engine(load({"engine": "embedded", "prompt": "Ada", "temperature": "0"}), {})
    assert [message.split()[0] for message in choice.warnings] == ["--prompt", "--temperature"]


def test_the_engine_gets_key_and_language_but_a_translation_no_language(load):
    environ = {"COMETAPI_KEY": "c"}
    for task, language in (("transcribe", "de"), ("translate", None)):
        settings = load({"language": "de", "task": task, "concurrency": 3}, environ=environ)
        options = engine_options(settings, choose_engine(settings, environ), environ)
        assert (options.task, options.language) == (task, language)
        assert options.api_key.reveal() == "c"
        assert (options.base_url, options.concurrency) == (COMET, 3)


def test_the_embedded_recogniser_never_sees_a_key(load):
    environ = {"COMETAPI_KEY": "c"}
    settings = load({"engine": "embedded"}, environ=environ)
    assert engine_options(settings, choose_engine(settings, environ), environ).api_key is None
