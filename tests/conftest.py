"""What every test stands on: a clean environment, known speech, a server on a loopback port."""

import itertools
import logging
import os
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = ["golden_files"]

# a busy machine is slow now and then, and that is no finding
hypothesis.settings.register_profile("subtitler", deadline=None)
hypothesis.settings.load_profile("subtitler")

MINUTES = 30
SEED = 2016


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes, too")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--slow"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="slow: runs with --slow"))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path_factory):
    """No setting, key or proxy of this machine reaches a test, and no test leaves one behind."""
    proxies = {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir"}
    keys = {"cometapi_key", "openai_api_key", "openai_base_url"}
    for name in os.environ:
        is_setting = name.startswith("SUBTITLER_") and name != "SUBTITLER_SAMPLES"
        if is_setting or name.lower() in proxies | keys:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    for name in ("CONFIG", "CACHE", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))


@pytest.fixture(autouse=True)
def _no_waiting_between_retries():
    """Retries happen as often as they would, but at once."""
    import stamina

    with stamina.set_testing(testing=True, attempts=1000, cap=True):
        yield


@pytest.fixture(autouse=True)
def _errors_in_the_log_fail(caplog):
    """An ERROR in the log fails the test; one that is expected is taken out with ``caplog.clear()``."""
    yield
    records = itertools.chain(caplog.get_records("setup"), caplog.get_records("call"))
    errors = [record.getMessage() for record in records if record.levelno >= logging.ERROR]
    assert not errors, f"logged as errors: {errors}"


@pytest.fixture(scope="session")
def samples():
    """The folder of real speech that SUBTITLER_SAMPLES names."""
    named = os.environ.get("SUBTITLER_SAMPLES")
    if not named:
        pytest.skip("SUBTITLER_SAMPLES is not set")
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"SUBTITLER_SAMPLES names a folder that is not there: {folder}")
    return folder


@pytest.fixture(scope="session")
def known_track():
    """Thirty minutes of known words, with breathless speech, silence and music in them."""
    from emulator.track import make_track

    return make_track(MINUTES, SEED)


@pytest.fixture(scope="session")
def perfect_ears(known_track):
    """They hear `known_track`, and nothing else."""
    from emulator.ears import PerfectEars

    return PerfectEars(known_track)


@pytest.fixture(scope="session")
def embedded_ears():
    """The embedded recogniser behind the emulator; tests that use it are marked ``embedded``."""
    pytest.importorskip("moonshine_voice")
    from emulator.ears import EmbeddedEars

    return EmbeddedEars()


@pytest.fixture
def emulator():
    """Call it with ``ears=`` and the fields of `emulator.contract.Rules`: it runs until the test ends."""
    from emulator.contract import Rules
    from emulator.server import Emulator

    running = []

    def start(*, ears, **rules):
        running.append(Emulator(ears, Rules(**rules)))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def film(tmp_path_factory):
    """Call it with a track and what `emulator.film.make_film` takes; the same film is made only once."""
    from emulator.film import make_film

    folder = tmp_path_factory.mktemp("films")
    numbers = itertools.count()
    made = {}

    def make(track, **kind):
        key = (id(track), *sorted(kind.items()))
        if key not in made:
            # the track is kept, so that its id stays its own
            made[key] = (track, make_film(track, folder / f"film{next(numbers)}", **kind))
        return made[key][1]

    return make
