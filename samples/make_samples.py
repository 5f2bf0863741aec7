"""Make the sample film of this folder: a test picture, and what greeting.txt says.

    python samples/make_samples.py

Needs espeak-ng and ffmpeg. The film holds nobody else's work.
"""

import subprocess
import tempfile
import wave
from pathlib import Path

HERE = Path(__file__).parent
TEXT = HERE / "greeting.txt"
FILM = HERE / "greeting.mp4"
VOICE = "-v en-us+steph -s 155"
AIR_S = 0.8  # before and after the voice
PICTURE_CODEC = "-c:v libx264 -preset veryslow -crf 32 -pix_fmt yuv420p"
SOUND_CODEC = "-c:a aac -b:a 64k -ar 44100"
CONTAINER = "-movflags +faststart -fflags +bitexact -flags:v +bitexact -flags:a +bitexact"


def main() -> None:
    """Speak the text and put a picture to it."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "greeting.wav"
        subprocess.run(["espeak-ng", *VOICE.split(), "-w", str(wav), "-f", str(TEXT)], check=True)
        with wave.open(str(wav)) as spoken:
            length_s = spoken.getnframes() / spoken.getframerate() + 2 * AIR_S
        air = f"adelay={AIR_S * 1000:.0f},apad=whole_dur={length_s:.3f},volume=-3dB"
        argv = ["ffmpeg", "-y", "-v", "error", "-i", str(wav)]
        argv += ["-f", "lavfi", "-i", f"testsrc2=size=160x90:rate=10:duration={length_s:.3f}"]
        argv += ["-map", "1:v", "-map", "0:a", "-af", air]
        argv += f"{PICTURE_CODEC} {SOUND_CODEC} {CONTAINER}".split()
        subprocess.run([*argv, "-t", f"{length_s:.3f}", str(FILM)], check=True)
    print(f"{FILM.name}: {length_s:.1f} s, {FILM.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
