"""``python -m subtitler``."""

import sys

from subtitler.cli import main

if __name__ == "__main__":
    sys.exit(main())
