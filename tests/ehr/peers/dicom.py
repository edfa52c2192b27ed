"""DICOM receivers and judges from Debian: dcmtk, Orthanc, dicom3tools.

    with storescp(tmp_path) as receiver:
        storescu(receiver.port, file)
    receiver.files()

What an archive stores is compared by its document: `encapsulated_pdf` gives it back.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.ehr.peers.base import LOOPBACK, PeerFailed, answers, free_port, listens, need_command, serving


@dataclass(frozen=True, slots=True)
class Storage:
    """A C-STORE receiver that writes files."""

    port: int
    folder: Path

    def files(self) -> list[Path]:
        """What was stored, by name."""
        return sorted(path for path in self.folder.iterdir() if path.is_file())


@contextlib.contextmanager
def storescp(folder: Path) -> Iterator[Storage]:
    """dcmtk's receiver: takes any SOP class it knows, checks nothing of the content."""
    storage = Storage(free_port(), folder / "storescp")
    storage.folder.mkdir(parents=True)
    command: Sequence[str | Path]
    command = [need_command("storescp"), "--output-directory", storage.folder, str(storage.port)]
    with serving(command, folder / "storescp.log", ready=lambda: listens(storage.port)):
        yield storage


@dataclass(frozen=True, slots=True)
class Archive:
    """Orthanc: `base` is its REST address, `port` the DICOM one, `title` its AE title."""

    base: str
    port: int
    title: str = "ORTHANC"

    def instances(self) -> list[str]:
        """Its ids of what it holds."""
        found: list[str] = json.loads(self._get("/instances"))
        return found

    def tags(self, instance: str) -> dict[str, object]:
        """The tags as it read them, by name."""
        read: dict[str, object] = json.loads(self._get(f"/instances/{instance}/simplified-tags"))
        return read

    def pdf(self, instance: str) -> bytes:
        """The document inside."""
        return self._get(f"/instances/{instance}/pdf")

    def _get(self, path: str) -> bytes:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.base}{path}", timeout=30) as answer:
            read: bytes = answer.read()
            return read


@contextlib.contextmanager
def orthanc(folder: Path) -> Iterator[Archive]:
    """A real small PACS: parses and indexes what it stores. Listens on loopback for HTTP.

    Its DICOM port listens on every interface (it has no setting for that), but takes only known callers:
    those of 127.0.0.1 that call themselves STORESCU.
    """
    archive = Archive(f"http://{LOOPBACK}:{(web := free_port())}", free_port())
    place = folder / "orthanc"
    place.mkdir(parents=True)
    settings = {
        "Name": "peer",
        "StorageDirectory": str(place),
        "IndexDirectory": str(place),
        "HttpPort": web,
        "DicomPort": archive.port,
        "DicomAet": archive.title,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAlwaysAllowStore": False,
        "DicomAlwaysAllowEcho": False,
        "DicomCheckModalityHost": True,
        "DicomModalities": {"test": ["STORESCU", LOOPBACK, free_port()]},
        "Plugins": [],
    }
    written = folder / "orthanc.json"
    written.write_text(json.dumps(settings), "utf-8")
    command = [need_command("Orthanc"), written]
    ready = f"{archive.base}/system"
    with serving(command, folder / "orthanc.log", ready=lambda: answers(ready), cwd=place):
        yield archive


def storescu(port: int, *files: Path, title: str = "ANY-SCP") -> None:
    """Sends files by C-STORE with dcmtk; raises PeerFailed with its words when refused."""
    command: Sequence[str | Path]
    command = [need_command("storescu"), "-aec", title, LOOPBACK, str(port), *files]
    _run(command)


def dcmdump(path: Path) -> str:
    """dcmtk's reading of a file, as text."""
    return _run([need_command("dcmdump"), path]).stdout.decode("utf-8", errors="replace")


def encapsulated_pdf(path: Path) -> bytes:
    """The document inside, taken out by dcmtk."""
    written = path.with_suffix(".dcmtk.pdf")
    _run([need_command("dcm2pdf"), path, written])
    return written.read_bytes()


def dciodvfy(path: Path) -> list[str]:
    """dicom3tools: conformance to the object definition. "error: ..." and "warning: ..." lines."""
    command = [need_command("dciodvfy"), path]
    ran = subprocess.run([str(word) for word in command], capture_output=True, check=False, timeout=60)
    lines = ran.stderr.decode("utf-8", errors="replace").splitlines()
    return [
        f"{level.lower()}: {words.strip()}"
        for level, dash, words in (line.partition(" - ") for line in lines)
        if dash and level in {"Error", "Warning"}
    ]


def made_by_dcmtk(pdf: Path, path: Path) -> Path:
    """An Encapsulated PDF written by dcmtk's pdf2dcm: a reference to compare ours with."""
    _run([need_command("pdf2dcm"), "+pn", "Doe^John", "+pi", "1", "+pb", "19400102", "+ps", "M", pdf, path])
    return path


def _run(command: Sequence[str | Path]) -> subprocess.CompletedProcess[bytes]:
    ran = subprocess.run([str(word) for word in command], capture_output=True, check=False, timeout=120)
    if ran.returncode:
        raise PeerFailed(f"{command[0]}: {ran.stderr.decode('utf-8', errors='replace')[-2000:]}")
    return ran
