"""FHIR R4 servers that are not ours, each started on a free port of 127.0.0.1 and stopped on leaving.

    with sekmet(tmp_path) as base: ...      base is such as "http://127.0.0.1:41234/fhir"

They differ on purpose: sekmet rolls transactions back but accepts a wrong status; Medplum meets US Core on
writing but keeps the good half of a bad transaction; HAPI is the one most hospitals' interfaces run on.
`FAST` are those that start within seconds. A server forgets everything when it is stopped.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from tests.ehr.peers.base import HERE, HOME, LOOPBACK, answers, free_port, need, need_command, python, serving

DEFINITIONS = HOME / "definitions"


@contextlib.contextmanager
def sekmet(folder: Path) -> Iterator[str]:
    """sekmet-fhir: R4, transactions with rollback, conditional create, search; takes no raw Binary."""
    program = python().parent / "sekmet"
    need(program, what="sekmet-fhir", part="python")
    port = free_port()
    base = f"http://{LOOPBACK}:{port}/fhir"
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "sekmet.json"
    # Its settings are YAML, of which JSON is a part.
    settings.write_text(
        json.dumps({"base_url": base, "host": LOOPBACK, "port": port, "simulator": {"enabled": False}}),
        "utf-8",
    )
    command: Sequence[str | Path] = [program, "serve", "-c", settings]
    with serving(command, folder / "sekmet.log", ready=lambda: answers(f"{base}/metadata"), cwd=folder):
        yield base


@contextlib.contextmanager
def medplum(folder: Path) -> Iterator[str]:
    """Medplum's router and repository in memory: R4 and US Core checked on writing, inline data to 1 MiB."""
    need(HOME / "node" / "node_modules", what="the Medplum server")
    port = free_port()
    base = f"http://{LOOPBACK}:{port}/fhir"
    command: Sequence[str | Path] = [
        need_command("node"),
        HERE / "node" / "medplum-server.mjs",
        str(port),
        DEFINITIONS / "snapshots",
    ]
    env = {"PEERS_NODE": str(HOME / "node")}
    with serving(command, folder / "medplum.log", ready=lambda: answers(f"{base}/Patient/none"), env=env):
        yield base


@contextlib.contextmanager
def hapi(folder: Path) -> Iterator[str]:
    """HAPI FHIR JPA on H2 in memory: refuses what is not valid R4, or not valid by a profile it claims.

    Takes half a minute to start, and its first write some seconds. Everything it writes is in `folder`.
    """
    place = HOME / "java" / "server"
    need(place / "classes", what="the HAPI FHIR server", part="all")
    port = free_port()
    base = f"http://{LOOPBACK}:{port}/fhir"
    folder.mkdir(parents=True, exist_ok=True)
    command: Sequence[str | Path] = [
        need_command("java"),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Xmx3g",
        f"-Djava.io.tmpdir={folder}",
        "-cp",
        f"{place}/classes:{place}/lib/*",
        "Server",
        str(port),
        DEFINITIONS / "differentials",
    ]
    log = folder / "hapi.log"
    # Not /metadata: its statement of all that it can do takes it a minute to write.
    with serving(command, log, ready=lambda: answers(f"{base}/Patient/none"), seconds=300, cwd=folder):
        yield base


Server = Callable[[Path], AbstractContextManager[str]]
FAST: dict[str, Server] = {"sekmet": sekmet, "medplum": medplum}
ALL: dict[str, Server] = {**FAST, "hapi": hapi}
