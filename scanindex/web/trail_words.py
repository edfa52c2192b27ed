"""An entry of the trail in plain words: "looked at a document", never what stands in it. Pure."""

from __future__ import annotations

from scanindex.trail_model import DENIED, SEARCHED, TAKEN, VIEWED, TrailEntry

_LOOKED = {
    "document": "looked at a document",
    "page": "looked at a page",
    "thumb": "looked at thumbnails",
    "review": "looked at what waits for review",
    "search": "saw results of a search",
    "chart": "looked at a chart",
    "roster": "looked at a record of the roster",
    "patient list": "looked at a clinician's list of patients",
    "trail": "read the trail",
    "disclosures": "read a disclosure report",
    "trail proof": "had the trail proved: it was whole",
    "today": "looked at files that stand still",
    "export list": "looked at the ledger of an export",
    "export answers": "read what a receiver wrote about documents",
    "export dry run": "looked at what an export would send",
    "glass": "looked at opened charts",
    "opened by glass": "looked at a chart opened by breaking the glass",
}
WORDS = {
    "login_failed": "failed to log in",
    "logged_in": "logged in",
    "logged_out": "logged out",
    "session_ended": "session ended",
    "password_changed": "changed the password",
    "recovery_code_used": "used a recovery code",
    "second_factor_set": "set up a second factor",
    "second_factor_dropped": "dropped a second factor",
    "invited": "made a login link",
    "invitation_accepted": "used a login link",
    "user_added": "added a login",
    "user_changed": "changed a login",
    "user_rescued": "rescued a login",
    "patients_listed": "put patients on a clinician's list",
    "patients_unlisted": "took patients off a clinician's list",
    "token_made": "made a key for a program",
    "token_revoked": "revoked a key for a program",
    "glass_broken": "broke the glass: opened a closed chart",
    "glass_closed": "closed a chart opened by breaking the glass",
    "glass_reviewed": "reviewed a broken glass",
    "trail_started": "a chain of seals began",
    "trail_noted": "noted the trail's end in the second place",
    "received": "a scan arrived",
    "duplicate": "a scan came again",
    "adopted": "adopted a file",
    "decided": "took a scan apart",
    "decided_again": "took a scan apart again",
    "proposed": "proposed where a document belongs",
    "confirmed": "confirmed where a document belongs",
    "filed": "filed a document",
    "indexed": "a document became searchable",
    "refiled": "moved a document to another chart",
    "retyped": "changed the type of a document",
    "relabelled": "changed the labels of a document",
    "redated": "changed the date of a document",
    "entered_in_error": "marked a document as entered in error",
    "split": "split documents",
    "joined": "joined documents",
    "pages_moved": "moved pages between documents",
    "pages_set_aside": "set pages aside",
    "parked": "parked a question",
    "unparked": "took a parked question up again",
    "claim_taken_over": "took over somebody's scan",
    "key_taken_back": "took back a decision",
    "patient_added": "added a patient",
    "patient_corrected": "corrected what is known about a patient from paper",
    "patient_linked": "linked a provisional record with one of the roster",
    "patient_renamed": "changed a patient's record",
    "patients_merged": "merged two records",
    "patients_unmerged": "took a merge back",
    "roster_imported": "imported a roster",
    "roster_fed": "took in patients from a feed",
    "feed_refused": "refused a message of a feed",
    "feed_accepted": "took a refused message of a feed over",
    "exported": "delivered or wrote out documents",
    "export_queued": "queued documents for export",
    "export_withdrawn": "took documents back from a receiver",
    "export_answered": "kept a receiver's answers",
    "export_verified": "verified documents at a receiver",
    "export_not_left": "did not reach a receiver: nothing of these documents left",
    "export_dropped": "took documents out of an export",
    "export_retried": "let refused documents be decided again",
    "export_resent": "had documents sent again",
    "export_reconciled": "compared a receiver's whole list",
    "export_compared": "compared a part of a receiver's list",
    "export_stopped": "stopped exports until both sides are compared",
    "consent_recorded": "recorded a consent",
    "consent_revoked": "revoked a consent",
    "batch_opened": "opened a batch",
    "batch_closed": "closed a batch",
    "paper_held": "held paper back",
    "paper_hold_lifted": "lifted a hold on paper",
    "paper_released": "released paper",
    "retried": "had a file tried again",
    "reread": "had a scan read again",
    "restored": "restored from backup",
    "rescued": "rescued a file",
    "held_back": "held a document back",
    "quarantined": "a file was quarantined",
    "waiting": "a file waits",
    "audit_drawn": "drew an audit sample",
    "audited": "audited a document",
    "certified": "certified the machine's filing",
    "mode_set": "set the mode of filing",
    "incident_closed": "closed an incident",
    "qa_drawn": "drew a batch's second looks",
    "qa_looked": "gave a document a second look",
    "recheck_asked": "asked for documents to be checked again",
    "recheck_wanted": "documents are to be checked again",
    "tests_planted": "put test items into the queue",
}
CATEGORIES = {
    "": "Everything",
    VIEWED: "Looked at",
    SEARCHED: "Searched",
    "taken": "Printed, downloaded, exported",
    DENIED: "Refused",
    "login": "Logins and sessions",
    "people": "Changes of logins and keys",
    "glass": "Broken glass",
    "filing": "Filing and corrections",
}
"""What the screen can be narrowed to."""
KINDS: dict[str, tuple[str, ...]] = {
    "": (),
    VIEWED: (VIEWED,),
    SEARCHED: (SEARCHED,),
    "taken": TAKEN,
    DENIED: (DENIED, "login_failed"),
    "login": ("logged_in", "login_failed", "logged_out", "session_ended", "invitation_accepted"),
    "people": (
        "invited", "user_added", "user_changed", "user_rescued", "password_changed", "second_factor_set",
        "second_factor_dropped", "recovery_code_used", "token_made", "token_revoked", "patients_listed",
        "patients_unlisted",
    ),
    "glass": ("glass_broken", "glass_closed", "glass_reviewed"),
    "filing": (
        "filed", "confirmed", "refiled", "retyped", "relabelled", "redated", "entered_in_error", "split",
        "joined", "pages_moved", "pages_set_aside", "patients_merged", "patients_unmerged", "paper_released",
    ),
}  # fmt: skip


def says(entry: TrailEntry) -> str:
    """What was done, as the end of a sentence that begins with who."""
    things = _things(entry)
    if entry.kind == VIEWED:
        words = _LOOKED.get(entry.what) or f"looked at: {_plain(entry.what)}"
    elif entry.kind == SEARCHED:
        return "searched"
    elif entry.kind == DENIED:
        return f"was refused: {_plain(entry.what)}"
    elif entry.details.get("outcome"):
        return f"{entry.details['outcome']} ({entry.details.get('action', '')})"
    elif entry.kind in TAKEN:
        words = entry.kind if entry.what in ("", entry.kind) else f"{entry.kind}: {_plain(entry.what)}"
        return f"{words}{things}"
    else:
        return WORDS.get(entry.kind, _plain(entry.kind)) + things
    return words + things


def who(actor: str) -> str:
    """A login alone; the machine; or what else acted."""
    if actor == "nobody":
        return "somebody unknown"
    return actor.removeprefix("user:") if actor.startswith("user:") else actor


def _things(entry: TrailEntry) -> str:
    count = len(entry.document_ids)
    return f" ({count} documents)" if count > 1 else ""


def _plain(text: str) -> str:
    return text.replace("_", " ")
