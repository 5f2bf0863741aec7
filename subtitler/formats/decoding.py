"""Bytes of a subtitle file to text: byte order mark, then strict UTF-8, then a guess.

The only user of charset-normalizer.
"""

from __future__ import annotations

import codecs
from typing import Final

from subtitler.errors import FormatError

_MARKS: Final = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# Encodings that subtitle editors really wrote. Left to itself, charset-normalizer finds old DOS and
# Macintosh pages in short texts (Greek becomes "johab"). Vietnamese cp1258 takes more from Turkish than it
# gives: Vietnamese subtitles are UTF-8.
_LEGACY: Final = [
    *(f"cp125{page}" for page in range(8)),
    *("cp874", "koi8_r", "cp932", "gb18030", "big5", "cp949"),
]

_CURE: Final = "save the file as UTF-8 and try again"


def decode(data: bytes) -> str:
    """The text of a subtitle file, without its byte order mark.

    Which legacy encoding it is can only be guessed from the letters; a short text may come out with
    wrong accents. UTF-8 and everything with a byte order mark is certain.

    Raises:
        FormatError: If the bytes are no text in any encoding known here.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode_strictly(data[len(mark) :], encoding)
    if data.count(0) * 4 > len(data):
        # every other byte of Western text in UTF-16 is zero; the zeros' side tells the byte order
        return _decode_strictly(
            data, "utf-16-le" if data[1::2].count(0) > data[::2].count(0) else "utf-16-be"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(_guess_encoding(data), errors="replace")


def _decode_strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise FormatError(
            f"the file begins like {encoding} text, but is not: {error.reason}", hint=_CURE
        ) from error


def _guess_encoding(data: bytes) -> str:
    from charset_normalizer import from_bytes  # noqa: PLC0415 - imported on use: most files are UTF-8

    # Timing lines are the same in every encoding and would only drown the letters.
    letters = b"\n".join(line for line in data.splitlines() if not line.isascii())
    best = from_bytes(letters, cp_isolation=_LEGACY).best()
    if best is None:
        raise FormatError("the file is not text in any encoding known here", hint=_CURE)
    return _corrected_from_cp1250(letters) if best.encoding == "cp1250" else best.encoding


def _corrected_from_cp1250(data: bytes) -> str:
    """The encoding of what was taken for cp1250, by letters that no language of that page has together.

    The guess often ties between cp1250, 1252 and 1254, and takes the first. Then Turkish ``ğ`` reads as
    ``đ`` and ``ı``, ``ş`` as ``ý``, ``ţ``; Spanish ``ñ`` and ``¿`` as the Polish ``ń`` and ``ż`` beside
    vowels that Polish does not have, ``¡`` as a lone caron; French ``à`` as ``ŕ`` and Norse ``å`` as
    ``ĺ``, of which Slovak has one in two hundred letters.
    """
    letters = [letter for letter in data.decode("cp1250", errors="ignore").lower() if not letter.isascii()]
    if not ({*"đ"}.isdisjoint(letters) or {*"ýţ"}.isdisjoint(letters)):
        return "cp1254"
    if not ({*"ńż"}.isdisjoint(letters) or {*"áíú"}.isdisjoint(letters)):
        return "cp1252"
    return "cp1252" if sum(letter in "ŕĺˇ" for letter in letters) * 30 > len(letters) else "cp1250"
