"""Imports go only downwards: a room may use the rooms above it in the list, never those below."""

import ast
from pathlib import Path

import pytest

import subtitler

PACKAGE = Path(subtitler.__file__).parent

FLOORS = [
    {"_version"},
    {"errors"},
    {"timing"},
    {"model"},
    {"languages", "hosts"},
    {"events"},
    {"words"},
    # pure: no input or output
    {"chunking", "guards", "stitching", "cues", "formats"},
    # the outside world, one adapter each
    {"media", "speech", "engines", "store", "outputs"},
    # the job
    {"recognition"},
    {"config"},
    {"pipeline"},
    {"batch"},
    {"api", "console"},
    {"cli"},
    {"__init__", "__main__"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

OUTSIDE = {
    "subprocess": "media",
    "httpx": "engines",
    "pysrt": "formats",
    "webvtt": "formats",
    "ffmpeg": "media",
    "langcodes": "languages",
    "onnxruntime": "speech",
    "moonshine_voice": "engines",
    "rich": "console",
    "stamina": "engines",
    "soundfile": "engines",
    "charset_normalizer": "formats",
}


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports_of(path: Path) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            module = node.module or ""
            if module == "subtitler":
                found += [(node.lineno, f"subtitler.{alias.name}") for alias in node.names]
            else:
                found.append((node.lineno, module))
    return found


MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of_path(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_rooms_above_it(path):
    room = room_of_path(path)
    assert room in FLOOR_OF, f"{room} has no place in the house: add it to FLOORS"
    for line, module in imports_of(path):
        if module.split(".")[0] != "subtitler":
            continue
        other = room_of(module)
        assert other == room or FLOOR_OF[other] < FLOOR_OF[room], (
            f"{path}:{line}: {room} may not import {other}"
        )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_foreign_package_is_used_in_one_room(path):
    room = room_of_path(path)
    for line, module in imports_of(path):
        owner = OUTSIDE.get(module.split(".")[0])
        assert owner in (None, room), f"{path}:{line}: only {owner} may import {module}"


def test_pure_rooms_touch_no_file_and_no_network():
    for path in MODULES:
        if room_of_path(path) in {"timing", "model", "words", "chunking", "guards", "stitching"}:
            names = {module.split(".")[0] for _, module in imports_of(path)}
            assert not names & {"os", "io", "socket", "subprocess", "tempfile", "shutil", "httpx"}, path
