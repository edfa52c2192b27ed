"""An independent second reader for single lines: RapidOCR's recogniser. Worker-only.

The weights lie inside the rapidocr package; nothing is fetched. Importing this
module raises ImportError where rapidocr or onnxruntime is not installed.
"""

from __future__ import annotations

import importlib.metadata
from typing import Any

import cv2
import onnxruntime  # noqa: F401  rapidocr only misses it when the first line is read
from rapidocr import RapidOCR

_ONE_THREAD = {
    "Global.log_level": "critical",
    "Global.text_score": 0.0,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


class RapidReader:
    """Reads crops that hold one line of text each; no detection, no layout."""

    def __init__(self) -> None:
        self._engine = RapidOCR(params=dict(_ONE_THREAD))
        self._name = f"rapidocr {importlib.metadata.version('rapidocr')}"

    @property
    def name(self) -> str:
        return self._name

    def read_lines(self, crops: list[Any]) -> list[tuple[str, float]]:
        """Text and confidence (0..1) of each crop; ("", 0.0) where it saw nothing.

        crops: uint8 grey, height x width, upright, one line of text each.
        """
        return [self._read_line(crop) for crop in crops]

    def _read_line(self, crop: Any) -> tuple[str, float]:
        # What is passed here sticks to the engine for later calls, so all three are
        # always named.
        found = self._engine(
            cv2.cvtColor(crop, cv2.COLOR_GRAY2BGR), use_det=False, use_cls=False, use_rec=True
        )
        texts, scores = getattr(found, "txts", None), getattr(found, "scores", None)
        if not texts or not scores:
            return "", 0.0
        return str(texts[0]).strip(), float(scores[0])
