"""Voice activity: Silero's model, as faster-whisper ships it, over a stream of any length.

faster-whisper's own function takes a whole recording and forgets its state after each call. Here the
recurrent state and the 64 samples of context are carried from block to block, so that ten hours need
no more memory than ten minutes. Audio is always given to the model in batches of the same size,
whatever the size of the blocks that come in: the same samples give the same probabilities, bit by bit.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from subtitler.chunking import WINDOW_SAMPLES
from subtitler.errors import ToolNotFound

if TYPE_CHECKING:
    import numpy.typing as npt

    from subtitler.model import Samples

_CONTEXT_SAMPLES: Final = 64
_BATCH_WINDOWS: Final = 64
_STATE_SHAPE: Final = (1, 1, 128)


class SpeechDetector:
    """Turns a stream of audio into the probability of speech in each window of 32 ms."""

    def __init__(self) -> None:
        self._session = _session()
        self._pending = np.zeros(0, dtype=np.int16)
        self._h = np.zeros(_STATE_SHAPE, dtype=np.float32)
        self._c = np.zeros(_STATE_SHAPE, dtype=np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, dtype=np.float32)

    def feed(self, samples: Samples) -> npt.NDArray[np.float32]:
        """The probabilities that became known with these samples; shape ``(windows,)``, often empty."""
        self._pending = np.concatenate([self._pending, samples])
        batch = _BATCH_WINDOWS * WINDOW_SAMPLES
        whole = len(self._pending) // batch * batch
        ready, self._pending = self._pending[:whole], self._pending[whole:].copy()
        found = [self._probabilities(ready[start : start + batch]) for start in range(0, whole, batch)]
        return np.concatenate([*found, np.zeros(0, dtype=np.float32)])

    def finish(self) -> npt.NDArray[np.float32]:
        """The probabilities of what is left, its last window filled up with silence."""
        missing = -len(self._pending) % WINDOW_SAMPLES
        rest = np.pad(self._pending, (0, missing))
        self._pending = self._pending[:0]
        return self._probabilities(rest) if len(rest) else np.zeros(0, dtype=np.float32)

    def _probabilities(self, samples: Samples) -> npt.NDArray[np.float32]:
        windows = (samples.astype(np.float32) / 32768).reshape(-1, WINDOW_SAMPLES)
        tails = windows[:, -_CONTEXT_SAMPLES:]
        contexts = np.concatenate([self._context[np.newaxis], tails[:-1]])
        self._context = tails[-1].copy()
        probabilities, self._h, self._c = self._session.run(
            None, {"input": np.concatenate([contexts, windows], axis=1), "h": self._h, "c": self._c}
        )
        flat: npt.NDArray[np.float32] = probabilities.reshape(-1)
        return flat


def model_path() -> Path:
    """The model's file inside faster-whisper, found without importing that package.

    Raises:
        ToolNotFound: If the package or the file is not there.
    """
    spec = importlib.util.find_spec("faster_whisper")
    folders = (spec.submodule_search_locations if spec else None) or []
    for folder in folders:
        path = Path(folder) / "assets" / "silero_vad_v6.onnx"
        if path.is_file():
            return path
    raise ToolNotFound(
        "the voice activity model is missing (faster_whisper/assets/silero_vad_v6.onnx)",
        hint="reinstall subtitler: pip install --force-reinstall subtitler",
        stage="find speech",
    )


@functools.cache
def _session() -> Any:  # noqa: ANN401 - onnxruntime ships no types
    import onnxruntime  # noqa: PLC0415 - imported on use: the command line answers at once

    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        str(model_path()), providers=["CPUExecutionProvider"], sess_options=options
    )
