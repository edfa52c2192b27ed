"""Who works here: logins, proof of who somebody is, and what they may do now.

Every request asks `session_of`, `access_of_token` or (on the command line) `check_in` and
`access_of_os_user` for an `Access`; that decides the rest (access_model). Every change is an
event with its actor; events name people, never hashes or secrets. Until somebody has a login
(`exist`) there is nobody to ask. Leaves out screens and commands, and the trail of reads.
"""

from __future__ import annotations

from scanindex.people.common import me, require
from scanindex.people.factors import (
    confirm_second_factor,
    drop_second_factor,
    pending_second_factor,
    start_second_factor,
)
from scanindex.people.glass import VERDICTS, break_glass, close_glass, grants, review_grant, to_review
from scanindex.people.invitations import (
    accept_invitation,
    first_invitation,
    invitation,
    invitations,
    invite,
    link,
    rescue,
)
from scanindex.people.lists import (
    Listed,
    add_patients,
    clinicians,
    is_listed,
    patients_of,
    remove_patients,
)
from scanindex.people.sessions import (
    access_of_os_user,
    change_password,
    check_in,
    end_all_sessions,
    end_session,
    end_sessions,
    log_in,
    log_in_with_code,
    log_out,
    session_of,
    sessions,
)
from scanindex.people.staff import change_user, exist, users
from scanindex.people.tokens import access_of_token, new_token, revoke_token, tokens

__all__ = [
    "VERDICTS",
    "Listed",
    "accept_invitation",
    "access_of_os_user",
    "access_of_token",
    "add_patients",
    "break_glass",
    "change_password",
    "change_user",
    "check_in",
    "clinicians",
    "close_glass",
    "confirm_second_factor",
    "drop_second_factor",
    "end_all_sessions",
    "end_session",
    "end_sessions",
    "exist",
    "first_invitation",
    "grants",
    "invitation",
    "invitations",
    "invite",
    "is_listed",
    "link",
    "log_in",
    "log_in_with_code",
    "log_out",
    "me",
    "new_token",
    "patients_of",
    "pending_second_factor",
    "remove_patients",
    "require",
    "rescue",
    "review_grant",
    "revoke_token",
    "session_of",
    "sessions",
    "start_second_factor",
    "to_review",
    "tokens",
    "users",
]
