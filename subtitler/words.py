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
_PIECE: Final = re.compile(
    rf"[（［｛「『【〈《〔]*[{_UNSPACED}](?:[{_CLOSING}]|(?![{_UNSPACED}])[^\w\s（［｛「『【〈《〔])*"
    rf"|[^{_UNSPACED}（［｛「『【〈《〔]+|."
)
_UNSPACED_CHARACTER: Final = re.compile(rf"[{_UNSPACED}{_CLOSING}（［｛「『【〈《〔]")


def split_words(text: str) -> list[str]:
    """The words of ``text``; a mark that stands alone (``Bonjour !``, ``– no``) stays with its word."""
    words: list[str] = []
    opening = ""
    for token in text.split():
        if not _has_letter(token):
            if words and token not in {"-", "‐", "¿", "¡", "«", "“", "("}:
                words[-1] = f"{words[-1]} {token}"
            else:
                opening = f"{opening}{token} "
            continue
        pieces = _pieces(token)
        words.append(opening + pieces[0])
        words.extend(pieces[1:])
        opening = ""
    if opening:
        rest = opening.strip()
        if words:
            words[-1] = f"{words[-1]} {rest}"
        else:
            words.append(rest)
    return words


def join_words(words: Iterable[str]) -> str:
    """The text that ``words`` make, with spaces only where their script has them."""
    text = ""
    for word in words:
        text += separator(text, word) + word if text else word
    return text


def separator(left: str, right: str) -> str:
    """What stands between two neighbouring words: a space, or nothing in scripts without spaces."""
    if left and right and _UNSPACED_CHARACTER.match(left[-1]) and _UNSPACED_CHARACTER.match(right[0]):
        return ""
    return " "


def normalise(word: str) -> str:
    """What is left of a word for comparing it: letters and digits, without case, width or marks around."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    return "".join(character for character in folded if character.isalnum())


def weights(words: Sequence[str]) -> list[int]:
    """How long each word takes to say, roughly: its letters and digits, and one for the word itself."""
    return [len(normalise(word)) + 1 for word in words]


def _has_letter(token: str) -> bool:
    return any(character.isalnum() for character in token)


def _pieces(token: str) -> list[str]:
    if not _UNSPACED_CHARACTER.search(token):
        return [token]
    pieces: list[str] = []
    for match in _PIECE.finditer(token):
        piece = match.group()
        belongs_to_last = unicodedata.category(piece[0]) in {"Mn", "Mc"} or not _has_letter(piece)
        if pieces and belongs_to_last:
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces
