"""python-hl7's asyncio MLLP server; runs in `.peers/venv`.

mllp_server.py PORT FOLDER     keeps each message; AA when it has what its event demands, else AR
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path

import hl7
from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server

_DEMANDED = {"MDM": ("EVN", "PID", "TXA"), "ORU": ("PID", "OBR", "OBX"), "ADT": ("EVN", "PID")}
_LARGEST_MESSAGE_BYTES = 256 * 1024 * 1024


def code_for(message: hl7.Message) -> str:
    """AA, or AR when a segment is missing."""
    kind = str(message.segment("MSH")(9)).split("^")[0]
    present = {str(segment[0]) for segment in message}
    return "AA" if present.issuperset(_DEMANDED.get(kind, ())) else "AR"


async def serve(port: int, folder: Path) -> None:
    """Serves until ended."""
    numbers = itertools.count()

    async def talk(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        try:
            while not writer.is_closing():
                message = await reader.readmessage()
                (folder / f"{next(numbers):06d}.hl7").write_bytes(str(message).encode())
                writer.writemessage(message.create_ack(ack_code=code_for(message)))
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    where = {"host": "127.0.0.1", "port": port, "limit": _LARGEST_MESSAGE_BYTES, "encoding": "utf-8"}
    async with await start_hl7_server(talk, **where) as server:
        await server.serve_forever()


if __name__ == "__main__":
    Path(sys.argv[2]).mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
