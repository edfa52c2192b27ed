"""What children of `test_pictures.py` are asked to do instead of drawing; they import it by name."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

SECRET = "secret"
"""Name of a file of another scan that a child taken over by its bytes would like to be served."""


def die(*_: Any) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def sleep(*_: Any) -> int:
    threading.Event().wait()
    return 0


def leave_link(*arguments: Any) -> int:
    """A link to somebody else's picture in the place of one's own."""
    folder: Path = arguments[-1]
    for width in arguments[-2]:
        (folder / width).symlink_to(folder.parent / SECRET)
    return 0


def leave_page(*arguments: Any) -> int:
    """A document for the browser to run instead of a picture."""
    for width in arguments[-2]:
        (arguments[-1] / width).write_bytes(b"<script>alert(1)</script>")
    return 0


def keep_on_writing(folder: str, picture: str, limit_bytes: str) -> None:
    """Take one picture for page after page until killed; says so after the first."""
    from scanindex.model import ScanId
    from scanindex.picture_cache import PageKey, PictureCache

    cache = PictureCache(Path(folder), int(limit_bytes))
    scan_id = ScanId(f"{os.getpid():064x}")
    number = 0
    while True:
        number += 1
        cache.take(Path(picture), PageKey(scan_id=scan_id, scan_page_no=number % 50, turn=0, width="thumb"))
        if number == 1:
            sys.stdout.write("ready\n")
            sys.stdout.flush()


if __name__ == "__main__":
    keep_on_writing(*sys.argv[1:])
