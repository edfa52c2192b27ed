"""Facts about settings: defaults that work, clear refusals, the environment wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanindex.errors import ConfigError
from scanindex.settings import FILE_NAME, load


def test_no_file_means_defaults(tmp_path: Path) -> None:
    """A workspace without scanindex.toml is fine."""
    assert load(tmp_path, {}).filing.mode == "strict"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """SCANINDEX_<SECTION>_<KEY> is the last word."""
    (tmp_path / FILE_NAME).write_text('[filing]\nmode = "strict"\n')

    assert load(tmp_path, {"SCANINDEX_FILING_MODE": "suggest"}).filing.mode == "suggest"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[inbox]\n", "unknown section"),
        ("[intake]\nsetle_seconds = 2\n", "intake.setle_seconds"),
        ('[intake]\nretire = "burn"\n', "intake.retire"),
        ("[intake]\nsettle_seconds = -1\n", "intake.settle_seconds"),
        ('[intake]\nsettle_seconds = "soon"\n', "intake"),
        ('[site]\ntimezone = "Mars/Olympus"\n', "site.timezone"),
        ("[match]\nposterior = 0.5\n", "match.posterior"),
        ('[ocr]\neffort = "heroic"\n', "ocr.effort"),
        ("[ocr]\nlegibility_floor = 35\n", "ocr.legibility_floor"),
        ("intake = 3\n", "intake"),
        ('[filing]\nmode = "certified"\n', "filing.mode .* earned"),
        ('[filing]\nmode = "bold"\n', "filing.mode"),
        ("[filing]\nmisfile_bound = 0\n", "filing.misfile_bound"),
        ('[sources.fax]\nmode = "certified"\n', "sources.NAME.mode"),
        ('[sources.fax]\nmood = "strict"\n', "mood"),
        ("sources = 3\n", "sources"),
        ("[intake\n", "TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, named: str) -> None:
    """The error says which key; nothing is guessed."""
    (tmp_path / FILE_NAME).write_text(text)

    with pytest.raises(ConfigError, match=named):
        load(tmp_path, {})


def test_a_source_has_a_mode_of_its_own(tmp_path: Path) -> None:
    """Named as the inbox folder is."""
    (tmp_path / FILE_NAME).write_text(
        '[filing]\nmode = "strict"\n[sources."."]\nmode = "suggest"\n[sources."fax/east"]\nmode = "strict"\n'
    )

    found = load(tmp_path, {})

    named = [(source.name, source.mode) for source in found.sources]
    assert named == [(".", "suggest"), ("fax/east", "strict")]
    assert found.filing.mode == "strict"
