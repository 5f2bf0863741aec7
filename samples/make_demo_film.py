"""Make the demo's film: a real voice reading Dickens over a picture of its own sound.

The recording comes with the package moonshine-voice, so nothing is downloaded.

    python samples/make_demo_film.py demo/two_cities.mp4
"""

import subprocess
import sys
from pathlib import Path

from moonshine_voice import get_assets_path


def main() -> None:
    """Write the film to the path given."""
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    waves = "showwaves=size=640x360:mode=cline:rate=25:colors=0x7fb5ff,format=yuv420p"
    picture = f"[0:a]{waves}[waves]"
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
    command += ["-i", str(get_assets_path() / "two_cities.wav")]
    command += ["-filter_complex", picture, "-map", "[waves]", "-map", "0:a"]
    command += [
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        "30",
        "-c:a",
        "aac",
        "-b:a",
        "96k",
        "-ac",
        "1",
    ]
    subprocess.run([*command, str(target)], check=True)
    print(f"made {target}")


if __name__ == "__main__":
    main()
