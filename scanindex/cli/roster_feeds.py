"""roster listen, messages, accept: the hospital's own feed of patients."""

from __future__ import annotations

import dataclasses
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanindex.access_model import Right
from scanindex.cli.common import asking, emit_json, json_option, pass_home, printable, table, workspace

if TYPE_CHECKING:
    from types import FrameType

    from scanindex.store.feed_messages import FeedMessage

_STATES = ("refused", "waiting", "taken", "passed_over")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=2575, show_default=True, help="0: any free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--name", default="adt", show_default=True, help="Stands in the trail as feed:NAME.")
@click.option("--tls-cert", type=_FILE, help="PEM of the certificate, with its chain.")
@click.option("--tls-key", type=_FILE, help="PEM of its private key.")
@click.option(
    "--tls-clients", type=_FILE, help="PEM of the authorities whose certificates senders must show."
)
@click.option(
    "--allow", "allowed", multiple=True, help="Address of a sender; may be repeated (default: all)."
)
@click.option("--insecure", is_flag=True, help="Listen without TLS beyond this machine.")
@pass_home
def listen(
    home: Path,
    port: int,
    host: str,
    name: str,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_clients: Path | None,
    allowed: tuple[str, ...],
    insecure: bool,
) -> None:
    """Take in patients from HL7 v2 ADT messages over MLLP, until Ctrl-C.

    Each message is on disk with all that it changes before it is answered AA; one that is understood and
    refused is answered AE with the reason, bytes that are no message AR. What changed patients mean
    for documents follows within seconds, once for a burst. May run beside `scanindex run`.
    """
    from scanindex import feeding

    def say(text: str) -> None:
        click.echo(text, err=True)

    with workspace(home) as opened:
        feed = feeding.feed_of(name, opened.settings)
        line = feeding.Line(
            host=host,
            port=port,
            certificate=tls_cert,
            key=tls_key,
            clients_from=tls_clients,
            allowed=allowed,
            is_insecure=insecure,
        )
        with feeding.Follower(feed, opened, say) as follower:
            receiving = feeding.Receiving(opened, feed, follower.touch, say)
            listener = feeding.open_listener(line, receiving.answer_or_hang_up)
            _stop_on_signal(listener.stop)
            say(f"listening on {host}:{listener.port}{' with TLS' if tls_cert else ''}")
            listener.serve_forever()
            listener.stop()


def _stop_on_signal(stop: object) -> None:
    def ended(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=stop, daemon=True).start()  # type: ignore[arg-type]

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ended)


@click.command()
@click.option(
    "--state", type=click.Choice(_STATES), multiple=True, help="May be repeated (default: refused, waiting)."
)
@click.option("--limit", default=50, show_default=True, help="The newest so many.")
@json_option
@pass_home
def messages(home: Path, state: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Messages of feeds: what was refused and why, what waits. No patient data is shown."""
    from scanindex.store import feed_intake
    from scanindex.store.feed_messages import MessageState

    wanted = [MessageState(name) for name in state or ("refused", "waiting")]
    with asking(home, Right.ROSTER) as (opened, _):
        found, counts = feed_intake.listed(opened.catalog, *wanted, limit=limit)
    if as_json:
        emit_json({"counts": counts, "messages": [_data(message) for message in found]})
        return
    rows = [
        (str(m.message_no), m.received_at[:19], m.feed, m.event, printable(m.control_id), m.state, m.code)
        for m in found
    ]
    table(("NO", "RECEIVED", "FEED", "EVENT", "CONTROL ID", "STATE", "WHY"), rows)


def _data(message: FeedMessage) -> dict[str, object]:
    values = dataclasses.asdict(message)
    return {name: value for name, value in values.items() if name not in ("body", "answer")}


@click.command()
@click.argument("message_no", type=int)
@pass_home
def accept(home: Path, message_no: int) -> None:
    """Take refused message MESSAGE_NO after all: a changed birth date, another person under its number.

    Look at the patient first (`roster show`): what is refused is more often a mistake than a correction.
    """
    from scanindex import feeding
    from scanindex.store import feed_intake

    with asking(home, Right.ROSTER_MERGE) as (opened, access):
        feed = feeding.feed_of("by-hand", opened.settings)
        now = opened.services.clock.now()
        outcome = feed_intake.accept(opened.catalog, feed, message_no, access.actor, now)
        feeding.follow(feed, opened)
    click.echo(f"message {message_no}: {outcome.state}{f' ({outcome.code})' if outcome.code else ''}")
