"""Facts about the reading benchmark: its truth is what was drawn, its figures are what they say."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmarks import score_reading
from benchmarks.reading import bench, generate, layouts, readers, report, sets, sheet
from benchmarks.reading.case import Answer, Case, Identifier, TruthWord
from benchmarks.reading.damage import DAMAGES
from benchmarks.reading.metrics import count_edits, count_words, edits_within, stands_in


# --- metrics -----------------------------------------------------------------------------------
def test_words_are_compared_as_a_bag_without_case_or_edge_punctuation() -> None:
    """Order, capitals and a comma cost nothing; a word read once that stands twice costs one."""
    got = count_words("Sodium: 140, sodium 138", "138 SODIUM 140. xx")
    assert (got.hits, got.truth, got.read) == (3, 4, 4)
    assert (got.recall, got.precision, got.f1) == (0.75, 0.75, 0.75)


def test_punctuation_alone_is_no_word() -> None:
    """Rules read as dashes and boxes read as bars neither help nor harm."""
    assert count_words("dose -- 5", "| dose 5 __").f1 == 1.0


def test_nothing_read_scores_nothing() -> None:
    """An empty reading has no precision to divide by."""
    got = count_words("a b", "")
    assert (got.recall, got.precision, got.f1) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("pattern", "text", "edits"),
    [
        ("kitten", "a sitting mitten there", 1),
        ("abc", "xxabcxx", 0),
        ("abc", "", 3),
        ("abc", "zzz", 3),
        ("abcd", "abd", 1),
        ("ad", "abcd", 1),
    ],
)
def test_edits_within_finds_the_nearest_part(pattern: str, text: str, edits: int) -> None:
    """Least edits to any part of the text, ends free."""
    assert edits_within(pattern, text) == edits


def test_character_error_does_not_mind_the_order_of_segments() -> None:
    """Columns may be read in any order; spaces do not count, letters do."""
    got = count_edits(("Date of birth", "MRN 12345"), "MRN 12 345 Dale of birth")
    assert (got.edits, got.chars) == (1, 19)


@pytest.mark.parametrize(
    ("value", "text", "is_there"),
    [
        ("12345", "MRN 12345.", True),
        ("12345", "MRN 112345", False),
        ("HALE, IDA", "HALE,IDA", True),
        ("HALE, IDA", "Hale,\nIda R", True),
        ("HALE, IDA", "HALE, IDAHO", False),
        ("03/04/1931", "03/04/193l", False),
    ],
)
def test_an_identifier_counts_only_whole_and_exact(value: str, text: str, is_there: bool) -> None:
    """Spacing and case are forgiven, a digit more or less is not."""
    assert stands_in(value, text) is is_there


# --- generated pages ---------------------------------------------------------------------------
def small_page(seed: int = 5) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A corner of a drawn page, to be quick."""
    drawn, _ = sheet.draw(layouts.compose(random.Random(seed), "letter")[0])
    return np.asarray(drawn[:1200, :2400])


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damage_repeats_exactly(name: str) -> None:
    """Same page, same seed, same bytes; another seed gives others."""
    page = small_page()
    hashes = [
        hashlib.sha256(DAMAGES[name](page, np.random.default_rng(seed)).pixels.tobytes()).hexdigest()
        for seed in (1, 1, 2)
    ]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize("layout", layouts.LAYOUTS)
def test_a_layout_bears_its_identifiers_and_stays_on_the_paper(layout: str) -> None:
    """Whatever the seed, the truth names what can be seen."""
    for seed in range(8):
        page, identifiers = layouts.compose(random.Random(seed), layout)
        text = "\n".join(run.text for run in page.runs)
        assert {found.kind for found in identifiers} == {"name", "birth_date", "mrn"}
        assert all(stands_in(found.text, text) for found in identifiers)
        ends = [run.x + page.width(run.text, run.size, run.is_bold) for run in page.runs]
        assert max(ends) < sheet.WIDTH and max(run.y for run in page.runs) < sheet.HEIGHT


def test_layouts_repeat_with_their_seed() -> None:
    """The same seed composes the same words."""
    one, other, different = (layouts.compose(random.Random(seed), "form")[0].runs for seed in (4, 4, 5))
    assert one == other != different


def test_truth_boxes_hold_the_ink_of_their_words_after_skew(tmp_path: Path) -> None:
    """Inside every word's box there is ink, and painting all boxes white leaves almost none of it."""
    [case] = generate.generate("clean", 1, 11, tmp_path)
    with Image.open(case.path) as image:
        pixels = np.asarray(image.convert("L")).copy()
    dark = int((pixels < 128).sum())
    for word in case.words:
        assert word.box is not None
        left, top, right, bottom = word.box
        assert (pixels[top:bottom, left:right] < 160).any(), word.text
    for word in case.words:
        assert word.box is not None
        left, top, right, bottom = word.box
        pixels[top - 1 : bottom + 1, left - 1 : right + 1] = 255
    assert int((pixels < 128).sum()) < 0.02 * dark


def test_a_fax_is_one_bit_and_as_wide_as_faxes_are(tmp_path: Path) -> None:
    """1,728 dots a line, with both resolutions told in the file."""
    [case] = generate.generate("fax_low", 1, 3, tmp_path)
    with Image.open(case.path) as image:
        assert (image.mode, image.width) == ("1", 1728)
        assert tuple(round(float(dpi)) for dpi in image.info["dpi"]) == (204, 98)


def test_turned_pages_say_which_turn_rights_them(tmp_path: Path) -> None:
    """Turning each by its truth, clockwise, gives the one upright page back."""
    cases = generate.generate("rotated", 4, 2, tmp_path)
    assert [case.turn_degrees for case in cases] == [0, 90, 180, 270]
    righted = [np.rot90(cv2.imread(str(case.path), 0), -(case.turn_degrees or 0) // 90) for case in cases]
    assert all(np.array_equal(righted[0], other) for other in righted[1:])


# --- real sets ---------------------------------------------------------------------------------
def picture(path: Path, size: tuple[int, int] = (80, 110)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, 255).save(path)
    return path


def test_funsd_forms_give_words_segments_and_resolution(tmp_path: Path) -> None:
    """Empty words are no truth, and a form without its picture is left out."""
    words = [{"text": "Lot", "box": [1, 2, 9, 8]}, {"text": "", "box": [0, 0, 1, 1]}]
    form = {"form": [{"text": "Lot", "words": words}, {"text": "", "words": []}]}
    for stem in ("a", "b"):
        path = tmp_path / "annotations" / f"{stem}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(form))
    picture(tmp_path / "images" / "a.png")
    [case] = sets.load("funsd", tmp_path, tmp_path)
    assert case.words == (TruthWord(text="Lot", box=(1, 2, 9, 8)),)
    assert (case.segments, case.dpi) == (("Lot",), 10.0)


def test_sroie_lines_may_hold_commas(tmp_path: Path) -> None:
    """Eight numbers, then the text as it is; a picture without bytes is left out."""
    for stem in ("000", "001"):
        path = tmp_path / "box" / f"{stem}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("1,1,9,1,9,9,1,9,TOTAL RM 1,200.00\r\n\r\n")
    picture(tmp_path / "img" / "000.jpg")
    (tmp_path / "img" / "001.jpg").touch()
    [case] = sets.load("sroie", tmp_path, tmp_path)
    assert case.segments == ("TOTAL RM 1,200.00",)
    assert [word.text for word in case.words] == ["TOTAL", "RM", "1,200.00"]


def test_any_folder_of_pictures_with_texts_is_a_set(tmp_path: Path) -> None:
    """A picture without a text beside it is left out."""
    picture(tmp_path / "x.png")
    picture(tmp_path / "y.png")
    (tmp_path / "x.txt").write_text("two words\n\nmore\n")
    [case] = sets.load("folder", tmp_path, tmp_path)
    assert (case.name, case.segments) == ("x", ("two words", "more"))


def chart(tmp_path: Path, **changes: object) -> Path:
    field = {"field": "mrn", "role": "patient", "kind": "print", "text": "00731"}
    usual = {
        "page": 1,
        "kind": "content",
        "level": 1,
        "mode": "bw",
        "rotation_ccw": 90,
        "text": "MRN 00731",
        "fields": [field, field, field | {"kind": "hand", "text": "9"}, field | {"role": "distractor"}],
    }
    blank = usual | {"page": 2, "kind": "blank"}
    picture(tmp_path / "files" / "s.png")
    line = {"file": "files/s.png", "pages": [usual | changes, blank]}
    (tmp_path / "truth.jsonl").write_text(json.dumps(line) + "\n")
    return tmp_path


def test_chart_pages_count_typed_identifiers_of_the_patient_once(tmp_path: Path) -> None:
    """Handwriting, other people's numbers and blank pages are no part of the truth."""
    [case] = sets.load("charts", chart(tmp_path), tmp_path / "work")
    assert case.identifiers == (Identifier(kind="mrn", text="00731"),)
    assert (case.group, case.turn_degrees, case.is_recall_only) == ("turned", 90, True)


def test_chart_pages_are_grouped_by_what_was_done_to_them(tmp_path: Path) -> None:
    """A straight page goes by its mode and level."""
    [case] = sets.load("charts", chart(tmp_path, rotation_ccw=0, level=2), tmp_path / "work")
    assert case.group == "1-bit level 2"


def test_a_part_of_a_set_is_mixed_and_the_same_each_time() -> None:
    """Not the first ones: neighbours by name resemble each other."""
    cases = [Case(set_name="s", name=str(number), path=Path(), words=()) for number in range(40)]
    part = sets.some(cases, 8)
    assert part == sets.some(cases, 8) != cases[:8]
    assert len(part) == 8 and sets.some(cases, None) == cases


def test_sets_take_turns() -> None:
    """A run that is cut short has seen all sets alike."""
    cases = [Case(set_name=name, name=str(n), path=Path(), words=()) for name in "ab" for n in range(2)]
    got = [case.set_name + case.name for case in sets.in_turns([*cases, replace(cases[0], name="2")])]
    assert got == ["a0", "b0", "a1", "b1", "a2"]


# --- running and reporting ---------------------------------------------------------------------
def case_of(set_name: str, text: str = "one two", **changes: object) -> Case:
    words = tuple(TruthWord(text=word) for word in text.split())
    case = Case(set_name=set_name, name="n", path=Path(), words=words, segments=(text,), turn_degrees=90)
    return replace(case, **changes)  # type: ignore[arg-type]


def test_a_reader_that_fails_has_read_nothing() -> None:
    """Its time still counts, and the table shows that it failed."""

    def broken(case: Case) -> Answer:
        raise OSError

    answer = bench.timed(broken, case_of("clean"))
    assert (answer.text, answer.error) == ("", "OSError") and answer.cpu_seconds >= 0
    total = report.sum_up([report.score(case_of("clean"), "x", answer)])
    assert (total.errors, total.words.f1, total.turns) == (1, 0.0, ())


def figures(set_name: str, **readers_: tuple[str, float]) -> report.Sums:
    """Sums of one page: reader to (text it read, its seconds)."""
    case = case_of(set_name)
    return report.sums(
        report.score(case, name, Answer(text=text, cpu_seconds=seconds, turn_degrees=90))
        for name, (text, seconds) in readers_.items()
    )


def verdict(found: report.Sums, start: str) -> str:
    return next(line for line in report.verdicts(found) if line[12:].startswith(start)).split("  ")[0]


@pytest.mark.parametrize(
    ("text", "seconds", "says"),
    [
        ("one two", 0.6, "reached"),
        ("one two", 0.9, "floor"),
        ("one two", 1.0, "missed"),
        ("one", 0.1, "missed"),
    ],
)
def test_a_target_is_reached_only_with_words_and_time_both(text: str, seconds: float, says: str) -> None:
    """Forms with two readers: the stretch, the floor, and neither."""
    found = figures("funsd", ours=(text, seconds), rapidocr=("", 1.0))
    assert verdict(found, "forms, two readers") == says


def test_a_target_whose_peer_did_not_run_is_not_judged() -> None:
    """Nor is one whose set did not run, or not with enough pages."""
    found = figures("funsd", ours=("one two", 0.1)) | figures("rotated", ours=("one two", 0.1))
    assert verdict(found, "forms, two readers") == "not judged"
    assert verdict(found, "heavily degraded") == "not judged"
    assert verdict(found, "orientation") == "not judged"


def test_tables_show_every_reader_with_its_ratio() -> None:
    """One row per reader and set, time against plain Tesseract beside it."""
    scores = [
        report.score(case_of("clean"), name, Answer(text="one", cpu_seconds=seconds))
        for name, seconds in (("ours", 3.0), ("tesseract", 2.0))
    ]
    row = next(line for line in report.tables(scores) if line.startswith("ours"))
    assert row.split()[1:4] == ["0.500", "1.000", "0.667"] and "1.50" in row


def test_tables_tell_identifiers_by_kind() -> None:
    """A reader good at names and bad at numbers shows as that."""
    wanted = (Identifier(kind="name", text="Ida Hale"), Identifier(kind="mrn", text="731"))
    case = case_of("clean", identifiers=wanted)
    score = report.score(case, "ours", Answer(text="Ida Hale 781", stages={"ocr": 0.5}))
    lines = report.tables([score])
    assert "  ours exact: name 1/1, mrn 0/1" in lines and "  ours seconds: ocr 0.50" in lines


def test_a_page_that_some_reader_did_not_come_to_is_not_counted() -> None:
    """After an interruption all readers are compared on the same pages."""
    whole, cut = case_of("clean", name="a"), case_of("clean", name="b")
    scores = [report.score(case, "x", Answer()) for case in (whole, cut)]
    scores.append(report.score(whole, "y", Answer()))
    assert {one.name for one in report.complete(scores, ("x", "y"))} == {"a"}


def test_an_unknown_reader_or_setting_is_refused() -> None:
    """A slip in a long command line shows before hours are spent."""
    for name in ("tesseracct", "ours:efort=fast"):
        with pytest.raises(ValueError, match=r"unknown reader|no setting"):
            readers.missing(name, "ocrmypdf")


def test_a_peer_that_is_not_installed_is_left_out_with_its_reason() -> None:
    """The run goes on without it."""
    assert readers.missing("ocrmypdf", "no-such-ocrmypdf") == "no-such-ocrmypdf is not on the path"


def test_an_unknown_set_ends_the_command_with_2() -> None:
    """As every wrong argument does."""
    with pytest.raises(SystemExit) as stopped:
        score_reading.main(["--sets", "nosuch", "--readers", "ours"])
    assert stopped.value.code == 2


def test_the_command_scores_a_folder_and_writes_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], draw: Callable[[Path, str], None]
) -> None:
    """End to end with plain Tesseract on one small picture."""
    draw(tmp_path / "in" / "x.png", "Discharged home")
    (tmp_path / "in" / "x.txt").write_text("Discharged home\n")
    out = tmp_path / "scores.json"
    folder = f"folder={tmp_path / 'in'}"
    assert score_reading.main(["--sets", folder, "--readers", "tesseract", "--json", str(out)]) == 0
    [score] = json.loads(out.read_text())
    assert (score["words"]["hits"], score["error"]) == (2, "") and score["cpu_seconds"] > 0
    assert "tesseract" in capsys.readouterr().out


@pytest.fixture
def draw() -> Callable[[Path, str], None]:
    def write(path: Path, text: str) -> None:
        page = sheet.Sheet("sans", 12)
        page.line(text)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sheet.draw(page)[0][300:700, 300:2600]).save(path, dpi=(600, 600))

    return write
