"""The tools that people use today, called as they call them.

- `tesseract`: the command with a picture and no flags.
- `pytesseract`: a Pillow image to `image_to_data`, then to `image_to_pdf_or_hocr`.
- `ocrmypdf`: `--deskew --clean --rotate-pages --output-type pdfa`, with a sidecar for the text.
- `rapidocr`: `RapidOCR()(path)`.

The only liberty taken is one thread each, and for OCRmyPDF, which refuses a picture that
names no resolution, the set's. Each is left out where it is not installed.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.reading.case import Answer, Case

TIMEOUT_SECONDS = 300
OCRMYPDF_FLAGS = ("--deskew", "--clean", "--rotate-pages", "--output-type", "pdfa", "--jobs", "1", "--quiet")
PEERS = ("tesseract", "pytesseract", "ocrmypdf", "rapidocr")


def missing(name: str, ocrmypdf: str) -> str:
    """Why this peer cannot run here; empty if it can. Raises ValueError for an unknown one."""
    if name not in PEERS:
        raise ValueError(f"unknown reader {name}")
    if name == "ocrmypdf":
        absent = [tool for tool in (ocrmypdf, "unpaper") if shutil.which(tool) is None]
        return f"{absent[0]} is not on the path" if absent else ""
    if shutil.which("tesseract") is None and name != "rapidocr":
        return "tesseract is not on the path"
    if name == "tesseract" or importlib.util.find_spec(name) is not None:
        return ""
    return f"Python package {name} is not installed"


def open_peer(name: str, ocrmypdf: str) -> Callable[[Case], Answer]:
    if name == "ocrmypdf":
        return lambda case: _ocrmypdf(case, ocrmypdf)
    if name == "rapidocr":
        return _rapidocr()
    return {"tesseract": _tesseract, "pytesseract": _pytesseract}[name]


def _picture(case: Case) -> Path:
    return case.picture or case.path


def _run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, capture_output=True, check=True, timeout=TIMEOUT_SECONDS)


def _tesseract(case: Case) -> Answer:
    done = _run(["tesseract", str(_picture(case)), "stdout"])
    return Answer(text=done.stdout.decode("utf-8", "replace"))


def _pytesseract(case: Case) -> Answer:
    import pytesseract
    from PIL import Image

    with Image.open(_picture(case)) as image:
        found = pytesseract.image_to_data(image, output_type=pytesseract.Output.DICT)
        pytesseract.image_to_pdf_or_hocr(image)
    return Answer(text=" ".join(word for word in found["text"] if word.strip()))


def _ocrmypdf(case: Case, command: str) -> Answer:
    with tempfile.TemporaryDirectory() as folder:
        sidecar = Path(folder, "text.txt")
        hint = () if _has_dpi(_picture(case)) else ("--image-dpi", str(round(case.dpi or 200)))
        files = (str(_picture(case)), str(Path(folder, "out.pdf")))
        _run([command, *OCRMYPDF_FLAGS, *hint, "--sidecar", str(sidecar), *files])
        return Answer(text=sidecar.read_text("utf-8"))


def _has_dpi(picture: Path) -> bool:
    from PIL import Image

    with Image.open(picture) as image:
        return "dpi" in image.info


def _rapidocr() -> Callable[[Case], Answer]:
    import cv2
    from rapidocr import RapidOCR

    cv2.setNumThreads(1)
    engine = RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )

    def read(case: Case) -> Answer:
        found = engine(str(_picture(case)))
        return Answer(text="\n".join(getattr(found, "txts", None) or ()))

    return read
