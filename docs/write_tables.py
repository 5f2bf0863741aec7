"""Write the README's tables anew from the code: `make docs`."""

import re
from pathlib import Path

from subtitler.config import markdown_table

README = Path(__file__).parent.parent / "README.md"


def with_tables(text: str) -> str:
    """The README with its settings as the code has them."""
    begin, end = "<!-- settings: written by `make docs` -->\n", "<!-- /settings -->"
    table = markdown_table().strip()
    return re.sub(
        f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: f"{begin}{table}\n{end}", text, flags=re.DOTALL
    )


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
