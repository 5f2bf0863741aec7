"""Words of a text: how it is cut into them, joined from them, and when two are the same.

A word carries the punctuation that hangs on it, so that joining the words of a text gives the text
again, and breaking between words never strands a comma. Scripts that are written without spaces
(Chinese, Japanese, Thai and their neighbours) are cut into single characters with their marks; where
their words end is a question for line breaking.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

_UNSPACED: Final = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
_CLOSING: Final = "、。，．・：；？！）］｝」』】〉》〕…‥ー々"
_OPENING: Final = "（［｛「『【〈《〔"
_OPENING_MARKS: Final = frozenset({"¿", "¡", "«", "“", "(", "[", *_OPENING})
_DASHES: Final = frozenset({"-", "‐", "–", "—"})
_CLOSING_QUOTES: Final = "\"'”’»)] "
_SENTENCE_ENDS: Final = (".", "?", "!", "…", "。", "？", "！", "؟", "۔", "।", "॥")
_CLAUSE_ENDS: Final = (",", ";", ":", "–", "—", "，", "、", "；", "：", "،", "؛")
_SIGNS: Final = frozenset({"Mn", "Mc"})
LONGEST_MARKS: Final = 8
"""So many characters of lone marks (``. . . .``) hang on a word; more are a word of their own."""

_PIECE: Final = re.compile(
    rf"[{_OPENING}]*[{_UNSPACED}](?:[{_CLOSING}]|(?![{_UNSPACED}])[^\w\s{_OPENING}])*"
    rf"|[^{_UNSPACED}{_OPENING}]+|."
)
_UNSPACED_CHARACTER: Final = re.compile(rf"[{_UNSPACED}{_CLOSING}{_OPENING}]")


def split_words(text: str) -> list[str]:
    """The words of ``text``; joined again they give it back, but for its runs of blanks.

    A mark that stands alone (``Bonjour !``, ``– no``) stays with its word. Where a script without spaces
    has one, the word before it carries it.
    """
    words: list[str] = []
    opening = ""
    for token in text.split():
        if not _has_letter(token):
            if words and not opening and not _opens(token, after=words[-1]):
                words[-1] = f"{words[-1]} {token}"
            else:
                opening = f"{opening}{token} "
            if len(opening) > LONGEST_MARKS:
                words.append(opening.strip())
                opening = ""
            continue
        first, *rest = _pieces(token)
        first = opening + first
        opening = ""
        if words and not separator(words[-1], first):
            words[-1] += " "
        words += [first, *rest]
    if opening:
        words.append(opening.strip())
    return words


def join_words(words: Iterable[str]) -> str:
    """The text that ``words`` make, with spaces only where their script has them."""
    text = ""
    for word in words:
        text += separator(text, word) + word if text else word
    return text.strip()


def separator(left: str, right: str) -> str:
    """What stands between two neighbouring words: a space, or nothing beside scripts without spaces."""
    is_unspaced = _UNSPACED_CHARACTER.match(left[-1:]) or _UNSPACED_CHARACTER.match(right[:1])
    return "" if is_unspaced or left[-1:] == " " else " "


def ends_sentence(word: str) -> bool:
    """Whether a sentence ends with ``word``."""
    return word.rstrip(_CLOSING_QUOTES).endswith(_SENTENCE_ENDS)


def ends_clause(word: str) -> bool:
    """Whether a part of a sentence ends with ``word``."""
    return word.rstrip(_CLOSING_QUOTES).endswith(_CLAUSE_ENDS)


def normalise(word: str) -> str:
    """What is left of a word for comparing it: letters and digits, without case, width or marks around.

    Vowel signs are letters too where scripts write vowels as signs.
    """
    folded = unicodedata.normalize("NFKC", word).casefold()
    return "".join(
        character for character in folded if character.isalnum() or unicodedata.category(character) in _SIGNS
    )


def weights(words: Sequence[str]) -> list[int]:
    """How long each word takes to say, roughly: its letters and digits, and one for the word itself."""
    return [len(normalise(word)) + 1 for word in words]


def _has_letter(token: str) -> bool:
    return any(character.isalnum() for character in token)


def _opens(mark: str, *, after: str) -> bool:
    """Whether a lone mark belongs to the word that follows: a bracket, or the dash of the next speaker."""
    if len(after) > LONGEST_MARKS and not _has_letter(after[-LONGEST_MARKS:]):
        return True  # enough marks hang on that word
    return mark in _OPENING_MARKS or (mark in _DASHES and (mark == "-" or ends_sentence(after)))


def _pieces(token: str) -> list[str]:
    """A token cut between the characters of scripts without spaces."""
    if not _UNSPACED_CHARACTER.search(token):
        return [token]
    pieces: list[str] = []
    opening = ""
    for match in _PIECE.finditer(token):
        piece = opening + match.group()
        opening = ""
        if set(piece) <= set(_OPENING):
            opening = piece
        elif pieces and (
            unicodedata.category(piece[0]) in _SIGNS or not _has_letter(piece) or separator(pieces[-1], piece)
        ):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    if opening:
        pieces[-1:] = ["".join([*pieces[-1:], opening])]
    return pieces
