"""Where a line or a cue may end, and what each place costs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from subtitler.cues.styleguide import StyleGuide
from subtitler.words import ends_clause, ends_sentence, join_words, separator

NO_ROOM: Final = float("inf")


def break_cost(word: str) -> float:
    """What it costs to end a line or a cue after ``word``: less than nothing where language pauses."""
    if ends_sentence(word):
        return -3.0
    return -2.0 if ends_clause(word) else 0.0


class LineRuler:
    """Measures lines made of consecutive words of one long text, without building them.

    Args:
        words: All words.
        style: Whose characters per line count.
    """

    def __init__(self, words: Sequence[str], style: StyleGuide) -> None:
        self._style = style
        self._costs = [break_cost(word) for word in words]
        # _sentences[i]: how many sentences end before word i.
        self._sentences = [0, *accumulate(int(ends_sentence(word)) for word in words)]
        # _ends[i]: where word i ends if all words stood on one line; _starts[i]: where it begins.
        self._starts: list[int] = []
        self._ends: list[int] = []
        position = 0
        for index, word in enumerate(words):
            position += len(separator(words[index - 1], word)) if index else 0
            self._starts.append(position)
            position += len(word)
            self._ends.append(position)

    def length(self, first: int, last: int) -> int:
        """Characters of the line from word ``first`` to word ``last``, both included."""
        return self._ends[last] - self._starts[first]

    def break_cost(self, word: int) -> float:
        """`break_cost` of a word by its number."""
        return self._costs[word]

    def sentence_ends(self, first: int, last: int) -> int:
        """How many sentences end from word ``first`` on and before word ``last``."""
        return self._sentences[last] - self._sentences[first]

    def best_break(self, first: int, last: int) -> tuple[float, int | None]:
        """The cost of showing the words in one cue, and the last word of its upper line (None: one line).

        One line wherever it fits (Netflix: "keep to one line unless it exceeds the character limit").
        The cost is `NO_ROOM` where two lines are not enough; a single word that is longer than a line
        stands alone.
        """
        limit = self._style.max_cpl
        total = self.length(first, last)
        if total <= limit or first == last:
            return 0.0, None
        if self._style.max_lines < 2 or total > 2 * limit + 1:
            return NO_ROOM, None
        best, place = NO_ROOM, None
        for upper_end in range(last - 1, first - 1, -1):
            lower = self.length(upper_end + 1, last)
            if lower > limit:
                break
            upper = self.length(first, upper_end)
            if upper > limit:
                continue
            cost = 1.0 + self._costs[upper_end] + 2 * abs(upper - lower) / limit
            cost += (0.3 if upper > lower else 0.0) + (1.0 if upper_end in (first, last - 1) else 0.0)
            if cost < best:
                best, place = cost, upper_end
        return best, place


def lines_of(words: Sequence[str], upper_end: int | None) -> tuple[str, ...]:
    """The rows of a cue: broken after word ``upper_end``, or one row if it is None."""
    if upper_end is None:
        return (join_words(words),)
    return join_words(words[: upper_end + 1]), join_words(words[upper_end + 1 :])
