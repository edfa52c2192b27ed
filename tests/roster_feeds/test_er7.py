"""Facts about HL7 v2 messages as text: read, written, answered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanindex.errors import InputError, MalformedMessage
from scanindex.hl7 import er7
from scanindex.hl7.answers import Code, Fault, ack, read_ack, rejection
from scanindex.hl7.er7 import NULL, Raw, encode, escape, parse, segment, unescape
from tests.ehr.peers import validators

HEAD = {3: "ADT", 4: "HOSP", 5: "SI", 9: ("ADT", "A08"), 10: "C1", 11: "P", 12: "2.5.1"}
AT = datetime(2024, 5, 1, 10, 0, tzinfo=UTC)


def message(fields: dict[int, object], charset: str = "UNICODE UTF-8") -> er7.Message:
    return parse(encode([segment("MSH", HEAD | {18: charset}), segment("PID", fields)], charset))


@given(st.text(), st.text())
def test_every_text_comes_back(one: str, two: str) -> None:
    """As a field, as a component, as a subcomponent; line ends become LF."""
    pid = message({3: [(one, None, (two, one)), (two, "x")], 5: one}).segments[1]

    def written(text: str) -> str:
        plain = text.replace("\r\n", "\n").replace("\r", "\n")
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in plain)

    got = [pid.text(3), pid.text(3, 1, 3), pid.text(3, 1, 3, 2), pid.text(3, 2), pid.text(5)]
    assert got == [written(t) for t in (one, two, one, two, one)]


def test_separators_are_those_of_the_message() -> None:
    """MSH says them; nothing else has a meaning then."""
    found = parse(b"MSH*!+?$*A*B\rPID*1**77!!!H$1.2$ISO!MR+78*|^~\\&?F?\r").segments[1]

    assert (found.text(3), found.text(3, 1, 4, 2), found.text(3, 2)) == ("77", "1.2", "78")
    assert found.text(4) == "|^~\\&*"


def test_null_is_not_empty() -> None:
    """A sender that emptied a field says so; a text of two quotation marks is a text."""
    found = message({5: NULL, 6: '""', 7: ""}).segments[1]

    assert [found.is_null(n) for n in (5, 6, 7)] == [True, False, False]
    assert [found.text(n) for n in (5, 6, 7)] == ["", '""', ""]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", "a|b^c&d~e\\f"),
        (r"one\.br\two", "one\ntwo"),
        (r"\H\bold\N\ plain", "bold plain"),
        (r"\X0D0A\x", "\r\nx"),
        (r"\\server\share", r"\\server\share"),
        ("odd\\end", "odd\\end"),
        (r"\Zown\kept", r"\Zown\kept"),
    ],
)
def test_escapes(raw: str, text: str) -> None:
    """Known ones are what they stand for; what is none stays as it stands."""
    assert unescape(raw) == text


def test_character_sets() -> None:
    """The declared one; what claims nothing is tried as UTF-8, then as Western European."""
    name = "Müller-Ångström"
    for charset, codec in (("UNICODE UTF-8", "utf-8"), ("8859/1", "latin-1"), ("", "utf-8"), ("", "cp1252")):
        line = "|".join(["MSH", "^~\\&", *[""] * 15, charset]) + f"\rPID|{name}\r"
        assert parse(line.encode(codec)).segments[1].text(1) == name
    with pytest.raises(MalformedMessage):
        encode([segment("PID", {1: "Łódź"})], "8859/1")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PID|1",
        b"MSH",
        b"MSH|",
        b"MSH||||",
        b"MSH|^^^^|x",
        b"MSHA^~\\&A",
        b"MSH|^~\\&|x\rpid|1",
        b"MSH|^~\\&|x\rnonsense",
        b"MSH|^~\\&" + b"|" * 16 + b"KOI8\rPID|1",
        b"MSH|^~\\&" + b"|" * 16 + b"UNICODE UTF-8\rPID|\xff",
        b"\xff\xfeM\x00S\x00H\x00",
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    """With an error of the input, never another."""
    with pytest.raises(InputError):
        parse(data)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(tail: bytes) -> None:
    """Whatever follows a header is read or refused."""
    try:
        found = parse(b"MSH|^~\\&|A|B\r" + tail)
    except MalformedMessage:
        return
    assert found.segments[0].name == "MSH"


def test_sizes_are_bounded() -> None:
    """In bytes and in segments."""
    with pytest.raises(MalformedMessage):
        parse(b"MSH|^~\\&|" + b"x" * 100, max_bytes=50)
    with pytest.raises(MalformedMessage):
        parse(b"MSH|^~\\&|\r" + b"NTE|\r" * (er7.MAX_SEGMENTS + 1))


def test_raw_stands_as_it_is_and_no_line_end_slips_in() -> None:
    """Base64 needs no escaping; a segment never holds two."""
    assert segment("OBX", {5: (None, "AP", "PDF", "Base64", Raw("QUJD="))}) == "OBX|||||^AP^PDF^Base64^QUJD="
    with pytest.raises(MalformedMessage):
        encode([segment("OBX", {5: Raw("a\rb")})])
    assert "\r" not in escape("a\rb\nc\r\nd")


# --- answers ------------------------------------------------------------------------------
def test_an_answer_names_what_it_answers() -> None:
    """Id, version and the two systems the other way round; its faults come back."""
    fault = Fault(code="204", location="PID^1^3", own_code="authority_unknown", text="No | such ^ issuer")
    data = ack(message({1: "1"}), Code.ERROR, control_id="X1", at=AT, text="authority_unknown", fault=fault)
    head = parse(data).header

    assert (head.text(3), head.text(5), head.text(6), head.text(10)) == ("SI", "ADT", "HOSP", "X1")
    found = read_ack(data)
    assert (found.code, found.control_id, found.text) == ("AE", "C1", "authority_unknown")
    assert found.faults == (fault,) and not found.is_accepted


def test_old_versions_get_no_segment_they_do_not_know() -> None:
    """ERR as we write it came with 2.5."""
    old = parse(b"MSH|^~\\&|A|B|||||ADT^A08|7|P|2.3\r")
    data = ack(old, Code.ERROR, control_id="X", at=AT, text="no", fault=Fault(code="207"))

    assert b"ERR" not in data and read_ack(data).control_id == "7"


def test_bytes_that_are_no_message_are_rejected() -> None:
    """There is no id to name."""
    found = read_ack(rejection(control_id="X", at=AT, text="hl7_malformed"))
    assert found.is_rejected and found.text == "hl7_malformed"
    with pytest.raises(MalformedMessage):
        read_ack(encode([segment("MSH", HEAD)]))


@pytest.mark.peers
@pytest.mark.parametrize("code", list(Code))
def test_answers_are_valid_for_another_reader(code: Code) -> None:
    """hl7apy knows the structure of an ACK."""
    fault = Fault(code="207", location="PID^1^7", own_code="birth_date_changed", text="a|b")
    data = ack(message({1: "1"}), code, control_id="X1", at=AT, fault=None if code == "AA" else fault)

    assert validators.errors(validators.hl7apy(data.decode())) == []
    assert validators.errors(validators.python_hl7(data.decode())) == []
