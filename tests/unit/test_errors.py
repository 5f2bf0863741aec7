"""Errors: each class has its exit code, and survives the way out of a worker process."""

import pickle

import pytest

from subtitler import errors
from subtitler.errors import SubtitlerError, exit_code_of


def all_classes(root=SubtitlerError):
    yield root
    for child in root.__subclasses__():
        yield from all_classes(child)


@pytest.mark.parametrize("cls", list(all_classes()), ids=lambda cls: cls.__name__)
def test_every_error_survives_pickling_with_all_it_knows(cls):
    error = cls("no such film", hint="look again", stage="probe", path="/films/a.mp4")
    if hasattr(error, "retry_after"):
        error.retry_after = 3.5
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is cls
    assert vars(twin) == vars(error)
    assert str(twin) == "no such film"


def test_exit_codes_are_those_that_scripts_rely_on():
    codes = {cls.__name__: cls.exit_code for cls in SubtitlerError.__subclasses__()}
    assert codes == {
        "UsageError": 2, "MediaError": 3, "ToolError": 4, "EngineError": 5, "FormatError": 6,
        "OutputError": 7, "BatchFailed": 8, "FindingsError": 9, "Cancelled": 130,
    }  # fmt: skip
    assert exit_code_of(errors.Cancelled(signal_number=15)) == 143
    assert exit_code_of(errors.ParseError("x")) == 6


def test_an_unknown_name_suggests_what_was_meant():
    error = errors.UnknownName("no such style", kind="style", name="netfix", did_you_mean=("netflix",))
    assert error.hint == "did you mean netflix?"


def test_the_tree_in_the_docstring_names_every_class():
    for cls in all_classes():
        if cls.__module__ == errors.__name__:
            assert cls.__name__ in errors.__doc__
