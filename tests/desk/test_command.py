"""Facts about the command line beside the desk."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner

from scanindex import desk
from scanindex.cli import cli
from scanindex.desk.keys import refuse_one_key
from scanindex.errors import Claimed, NotAllowedNow
from tests.desk.lab import ANN, BEN, PLAIN, Lab


def test_the_list_says_who_holds_a_scan_and_commands_keep_off(desk_lab: Lab) -> None:
    """`review` names the claim; `review accept` by somebody else is refused with code claimed."""
    desk_lab.one_page(PLAIN)
    item = desk_lab.next()
    home = str(desk_lab.workspace.settings.home)

    listed = CliRunner().invoke(cli, ["--home", home, "review"])
    assert "claimed by user:ann until" in listed.output
    taken = CliRunner().invoke(cli, ["--home", home, "review", "accept", item.item_id, "--patient", "1"])
    assert isinstance(taken.exception, Claimed) or "claimed" in taken.output
    assert desk_lab.document(item.item_id).version == item.version


def test_who_holds_it_may_use_either(desk_lab: Lab) -> None:
    desk_lab.one_page(PLAIN)
    item = desk_lab.next()
    desk.refuse_others(item.scan_id, ANN.actor, desk_lab.services)
    with pytest.raises(Claimed):
        desk.refuse_others(item.scan_id, BEN.actor, desk_lab.services)


def test_the_command_line_is_no_way_around_the_second_key(open_desk: Callable[..., Lab]) -> None:
    opened = open_desk(second_key=("lab_report",))
    opened.one_page(PLAIN)
    (document,) = opened.documents()
    with pytest.raises(NotAllowedNow):
        refuse_one_key(document, None, opened.services)
