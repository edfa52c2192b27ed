#!/usr/bin/env python3
"""Many documents exported by a command that is killed again and again; then both sides are compared.

    benchmarks/export_kill.py --folder DIR [--documents 10000] [--kills 50] [--by mllp|folder|fhir]

Makes an archive in --folder (kept for the next run), exports it with `scanindex export` as a real
process, kills that with SIGKILL at random moments, and lets it end at last. Receivers: an MLLP one in a
process of its own that files each message id once; a folder; a FHIR server at --base. Prints what
arrived, what was sent again, and what `export reconcile` finds with every hash compared.

Exit code: 0; 1 unless every document is there once, as it was filed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.exporting.archive import build  # noqa: E402

_HEAD = """[target]
recipient = "Springfield General"
format = "{form}"
transport = "{transport}"
[patient]
oid = "2.16.840.1.113883.3.999.1"
[document]
restricted_labels = []
[sending]
parcel_documents = 500
"""
_MORE = {
    "mllp": '[mllp]\nhost = "127.0.0.1"\nport = {port}\ntls = false\n[hl7]\nother_type = "PR"\n',
    "folder": "",
    "fhir": '[http]\nbase_url = "{base}"\n[fhir]\nid_system = "urn:oid:2.16.840.1.113883.3.999.2"\n'
    "create_patients = true\n",
}


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True, help="The archive is kept here.")
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--by", choices=sorted(_MORE), default="mllp")
    parser.add_argument("--base", default="", help="fhir: base address of a server on this machine.")
    parser.add_argument("--seconds", type=float, default=25.0, help="About how long it takes in all.")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = options_of(arguments)
    built = options.folder / f"archive-{options.documents}"
    if not built.exists():
        print(f"making {options.documents} documents", flush=True)
        sizes = {"least_bytes": 20_000, "most_bytes": 180_000}
        build(built, options.documents, patients=max(1, options.documents // 7), seed=options.seed, **sizes)
    home = options.folder / "run"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(built, home)
    listing = options.folder / "listing.csv"
    receiver = _receiver(listing) if options.by == "mllp" else None
    try:
        port = int(receiver.stdout.readline()) if receiver and receiver.stdout else 0
        _profile(home, options, port)
        began = time.monotonic()
        queued = _scanindex(home, "export", "bench", "--queue-only", "--json")
        print(f"queued {queued['planned']}, held back {queued['held']}")
        kills = _killed(home, options)
        found = _scanindex(home, "export", "bench", "--json")
        seconds = time.monotonic() - began
        print(f"{options.documents} documents by {options.by}, {kills} kills, {seconds:.0f} s in all")
        print(f"last call: {found['sent']}")
        return _compare(home, queued["planned"]["new"], receiver, listing)
    finally:
        if receiver:
            receiver.kill()


def _receiver(listing: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.exporting.receiver", str(listing)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


def _profile(home: Path, options: argparse.Namespace, port: int) -> None:
    form = {"mllp": "mdm", "folder": "manifest", "fhir": "fhir"}[options.by]
    transport = {"mllp": "mllp", "folder": "folder", "fhir": "http"}[options.by]
    (home / "targets").mkdir()
    text = _HEAD.format(form=form, transport=transport)
    text += _MORE[options.by].format(port=port, base=options.base)
    (home / "targets" / "bench.toml").write_text(text)


def _killed(home: Path, options: argparse.Namespace) -> int:
    """Start the export and kill it, so many times; how often it was alive then."""
    chance, kills = random.Random(options.seed), 0
    began = time.monotonic()
    _scanindex(home, "export", "status", "--json")
    starts_seconds = time.monotonic() - began
    for _ in range(options.kills):
        child = subprocess.Popen(
            [sys.executable, "-m", "scanindex", "--home", str(home), "export", "bench", "--send-only"],
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(starts_seconds + chance.uniform(0.0, 2 * options.seconds / options.kills))
        kills += child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait()
    return kills


def _scanindex(home: Path, *arguments: str, codes: tuple[int, ...] = (0,)) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "scanindex", "--home", str(home), *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    if done.returncode not in codes:
        raise SystemExit(f"{' '.join(arguments)}: {done.stderr}{done.stdout}")
    return json.loads(done.stdout)


def _compare(home: Path, documents: int, receiver: subprocess.Popen[str] | None, listing: Path) -> int:
    more: tuple[str, ...] = ()
    if receiver and receiver.stdout:
        receiver.send_signal(signal.SIGUSR1)
        told = receiver.stdout.readline().split()
        print(
            f"receiver: {told[1]} messages arrived, {told[3]} ids filed: {int(told[1]) - int(told[3])} resent"
        )
        more = ("--listing", str(listing))
    found = _scanindex(home, "export", "reconcile", "bench", "--json", *more, codes=(0, 1))
    print(
        f"reconcile: {found['verified']} of {found['expected']} verified, {found['weakly']} without a hash, "
        f"{found['held']} listed, faults {found['faults'][:5]}"
    )
    is_right = found["is_clean"] and found["verified"] == found["held"] == documents
    print("each once, as filed" if is_right and not found["weakly"] else "NOT EACH ONCE")
    return 0 if is_right and not found["weakly"] else 1


if __name__ == "__main__":
    sys.exit(main())
