"""An independent second reader: the detector and recogniser of RapidOCR's package. Worker-only.

The models are taken from the installed package and run by onnxruntime alone: its own
pipeline fills every crop up to a common width, which makes short words three times as dear.
Nothing is fetched. Importing this module raises ImportError where rapidocr or onnxruntime is
not installed. Promises: the same answer for a crop whatever it is read together with; only
characters that the configured languages can need.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

from scanindex.ocr.ctc import LineText, decode, usable_classes
from scanindex.ocr.textlines import TextLine, in_reading_order, lines_of_map

HEIGHT_PX = 48
STEP_PX = 8
"""The recogniser sees one character at most per so many pixels of width."""
LEAST_WIDTH_PX = 16
MOST_WIDTH_PX = 3_200
MOST_BATCH_PX = 3_200
"""Widths of the crops of one batch together: bounds memory at about 100 MB."""
SQUEEZE = 0.85
"""Lines lose nothing when they are read this much narrower, and time goes with the width."""
DETECTOR_STEP_PX = 32
MOST_DETECTOR_PIXELS = 2_000_000


class RapidReader:
    """Finds lines of text on a page and reads crops that hold one line each."""

    def __init__(self, languages: str = "eng") -> None:
        models = _models_folder()
        self._detector = _session(models, "*_det_*.onnx")
        self._recogniser = _session(models, "*_rec_*.onnx")
        listed = self._recogniser.get_modelmeta().custom_metadata_map["character"].splitlines()
        characters = ["", *listed, " "]
        self._classes = np.asarray(usable_classes(characters, languages), np.intp)
        self._characters = [characters[number] for number in self._classes]
        self._name = f"rapidocr {importlib.metadata.version('rapidocr')}"

    @property
    def name(self) -> str:
        return self._name

    def find_lines(self, page: Any, short_side_px: int) -> list[TextLine]:
        """Where text stands, in reading order.

        page: uint8 grey, height x width. short_side_px: the size at which it is looked at;
        800 x 1,000 pixels take about a third of a second, never is it enlarged.
        """
        height, width = page.shape
        scale = min(1.0, short_side_px / min(height, width), (MOST_DETECTOR_PIXELS / page.size) ** 0.5)
        size = (_in_steps(width * scale), _in_steps(height * scale))
        small = cv2.resize(page, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        odds = _run(self._detector, _as_input(small)[np.newaxis])[0, 0]
        return in_reading_order(lines_of_map(odds, page.shape))

    def read_lines(self, crops: list[Any]) -> list[tuple[str, float]]:
        """Text and mean confidence (0..1) of each crop; ("", 0.0) where it saw nothing.

        crops: uint8 grey, height x width, upright, one line of text each.
        """
        return [(found.text, found.confidence) for found in self.read_spans(crops, squeeze=1.0)]

    def read_spans(self, crops: Sequence[Any], squeeze: float = SQUEEZE) -> list[LineText]:
        """Each crop's words with their places and confidences.

        squeeze: share of its width at which each crop is read.
        """
        scaled = [_scaled(crop, squeeze) for crop in crops]
        found: dict[int, LineText] = {}
        for places in _batches([crop.shape[1] for crop in scaled]):
            batch = np.stack([_as_input(scaled[place]) for place in places])
            odds = _run(self._recogniser, batch)[:, :, self._classes]
            best, sure = odds.argmax(axis=2).tolist(), odds.max(axis=2).tolist()
            for number, place in enumerate(places):
                found[place] = decode(best[number], sure[number], self._characters, crops[place].shape)
        return [found[place] for place in range(len(crops))]


def _models_folder() -> Path:
    """Without importing the package, which would load much that is not needed."""
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise ImportError("rapidocr is not installed")
    return Path(spec.origin).parent / "models"


def _session(folder: Path, pattern: str) -> Any:
    found = sorted(folder.glob(pattern))
    if not found:
        raise ImportError("the rapidocr package holds no such model")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # An arena would keep the largest page's memory for good.
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(str(found[-1]), options, providers=["CPUExecutionProvider"])


def _run(session: Any, pixels: Any) -> Any:
    return session.run(None, {session.get_inputs()[0].name: pixels})[0]


def _as_input(grey: Any) -> Any:
    """float32, 3 x height x width, -1 (black) .. 1 (white)."""
    return np.repeat((grey.astype(np.float32) / 127.5 - 1.0)[np.newaxis], 3, axis=0)


def _in_steps(length: float) -> int:
    return max(DETECTOR_STEP_PX, round(length / DETECTOR_STEP_PX) * DETECTOR_STEP_PX)


def _scaled(crop: Any, squeeze: float) -> Any:
    """At the recogniser's height, its width a whole number of steps.

    Crops are never filled up: what stands beside a word would change how it is read.
    """
    height, width = crop.shape
    steps = max(LEAST_WIDTH_PX, HEIGHT_PX * width / height * squeeze) / STEP_PX
    goal = min(MOST_WIDTH_PX, STEP_PX * _rounded(steps))
    way = cv2.INTER_AREA if height > HEIGHT_PX else cv2.INTER_LINEAR
    return cv2.resize(np.ascontiguousarray(crop), (goal, HEIGHT_PX), interpolation=way)


def _rounded(steps: float) -> int:
    """To about a twentieth, so that many crops share a width."""
    grain = max(1, round(steps / 20))
    return grain * max(1, round(steps / grain))


def _batches(widths: Sequence[int]) -> Iterator[list[int]]:
    """Places of equal widths together, few enough for the memory."""
    same: dict[int, list[int]] = {}
    for place, width in enumerate(widths):
        same.setdefault(width, []).append(place)
    for width, places in sorted(same.items()):
        most = max(1, MOST_BATCH_PX // width)
        for start in range(0, len(places), most):
            yield places[start : start + most]
