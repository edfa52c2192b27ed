"""A feed into a workspace, meant to be killed: python -m tests.roster_feeds.feeding_main HOME FILE."""

from __future__ import annotations

import sys
from pathlib import Path

from scanindex.store.roster_adt_file import messages_of
from tests.crash.service_main import open_stubbed, quick_settings
from tests.roster_feeds.messages import Fed


def main(home: Path, path: Path) -> None:
    opened = open_stubbed(quick_settings(home))
    fed = Fed(opened)
    for message in messages_of(path):
        fed.send(message)
        print("answered", flush=True)
    opened.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
