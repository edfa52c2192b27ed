"""The error table.

Four branches: the input's fault (quarantine), the world's fault (wait and
retry), the operator's settings (stop), broken integrity (stop writing and
shout). Each class carries a stable code, an exit code, whether a retry can
help, and what to do next. Messages name ids and codes, never people.

    ScanindexError
      InputError       exit 3   quarantine with the code as reason
      TransientError   exit 4   state waiting, retried by itself
      ConfigError      exit 2   stop, say what to change
      ConflictError    exit 5   somebody else was first; look again
      IntegrityError   exit 6   never continue over it
"""

from __future__ import annotations

import errno
from typing import ClassVar


class ScanindexError(Exception):
    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    is_retryable: ClassVar[bool] = False
    meaning: ClassVar[str] = "Something went wrong that has no code of its own."
    hint: str = "Run `scanindex doctor`; if that finds nothing, report it with the code."
    nothing_left: bool = False
    """Of an export: it is certain that no byte of a document went (nobody was reached, say)."""

    def __init__(self, detail: str = "", hint: str = "") -> None:
        """hint: what to do next in this case, where the usual advice of the class leads astray."""
        super().__init__(detail or self.meaning)
        self.detail = detail
        self.hint = hint or self.hint


# --- the input's fault -------------------------------------------------------
class InputError(ScanindexError):
    code = "input"
    exit_code = 3
    meaning = "The file cannot be processed as it is."
    hint = "Look at the file; scan the paper again or repair it, then `scanindex retry`."


class EmptyFile(InputError):
    code = "empty"
    meaning = "The file has no bytes."
    hint = "Scan the paper again; the scanner or the network broke off before writing."


class IncompleteFile(InputError):
    code = "incomplete"
    meaning = "The file stopped growing but is not structurally whole."
    hint = "Scan it again. If it only came slowly, drop it again and raise intake.incomplete_seconds."


class UnknownFormat(InputError):
    code = "unknown_format"
    meaning = "The bytes are none of the supported formats, whatever the name says."
    hint = "Save it as PDF, TIFF, JPEG or PNG and drop that."


class CorruptFile(InputError):
    code = "corrupt"
    meaning = "No reader can open the file."
    hint = "Scan the paper again, or repair the file (`qpdf --linearize in.pdf out.pdf`) and drop the result."


class EncryptedFile(InputError):
    code = "encrypted"
    meaning = "The PDF needs a password to be read."
    hint = "Remove the password (`qpdf --decrypt --password=... in.pdf out.pdf`) and drop the result."


class OversizeFile(InputError):
    code = "oversize"
    meaning = "The file is larger than the limits allow (bytes, pages or pixels)."
    hint = "Split it, or raise intake.max_bytes / pages.max_pages / pages.max_pixels and `scanindex retry`."


class NoPages(InputError):
    code = "no_pages"
    meaning = "The file opens but holds no page."
    hint = "Scan the paper again."


class HiddenContent(InputError):
    code = "hidden_content"
    meaning = "The file holds documents that no reader shows as its pages (glued files, a portfolio)."
    hint = "Save each document as a file of its own (print to PDF, take attachments out); drop those."


class CrashesReader(InputError):
    code = "crashes_reader"
    meaning = "Reading this file killed its worker twice."
    hint = "Treat it as hostile or broken; scan the paper again, or `scanindex retry` after an update."


class RefusedEntry(InputError):
    code = "refused"
    meaning = "The inbox entry is a link, a device, a pipe or a sparse giant; it was not read."
    hint = "Copy the real file into the inbox instead of a link to it."


class MalformedMessage(InputError):
    code = "hl7_malformed"
    meaning = "The bytes are no HL7 v2 message that can be read (header, separators, character set, size)."
    hint = "Look at what the sending system writes; the message was not taken."


# --- the world's fault -------------------------------------------------------
class TransientError(ScanindexError):
    code = "transient"
    exit_code = 4
    is_retryable = True
    meaning = "Something outside the file is in the way; it is tried again by itself."
    hint = "See `scanindex status`; nothing is lost meanwhile."


class DiskFull(TransientError):
    code = "disk_full"
    meaning = "No space left (or less than the configured floor) where the archive or the catalog lives."
    hint = "Free space; work continues by itself."


class PermissionMissing(TransientError):
    code = "permission"
    meaning = "The service may not read or write a file or folder it needs."
    hint = "Give the service account read and write on inbox, archive and var; work continues by itself."


class ExportStopped(TransientError):
    code = "export_stopped"
    meaning = "The receiver of an export did not answer, or was busy; nothing is lost."
    hint = "Run the same export again when it is back: it goes on under the same ids (`export status`)."


class ReceiverSilent(TransientError):
    code = "receiver_silent"
    meaning = "The receiver of an export could not be reached, gave no answer, or one to something else."
    hint = "Nothing is lost: it is tried again under the same ids. Look at the receiver and the network."

    def __init__(self, detail: str = "", hint: str = "", retry_after_seconds: float | None = None) -> None:
        """retry_after_seconds: when the receiver said it may be asked again."""
        super().__init__(detail, hint)
        self.retry_after_seconds = retry_after_seconds


class StorageFailed(TransientError):
    code = "storage"
    meaning = "The disk or the share answered with an error."
    hint = "Check the mount and the disk; work continues by itself once it answers."


class CatalogBusy(TransientError):
    code = "catalog_busy"
    meaning = "The catalog is locked by another process."
    hint = "Try again in a moment."


class WorkerLost(TransientError):
    code = "worker_lost"
    meaning = "A worker process died or ran out of its time while reading a page."
    hint = "It is tried once more, alone; a second death quarantines the file as crashes_reader."


class Unexpected(TransientError):
    code = "unexpected"
    meaning = "A fault of the program itself while working on this scan; the others go on."
    hint = "Report the code and the scan id; it is tried again by itself, also after an update."


class Stopping(TransientError):
    code = "stopping"
    meaning = "The service is stopping; what was under way goes on at the next start."
    hint = "Start it again with `scanindex run`."


# --- the operator's settings -------------------------------------------------
class ConfigError(ScanindexError):
    code = "config"
    exit_code = 2
    meaning = "A setting is missing, unknown or out of range."
    hint = "See `scanindex config` and docs/reference/settings.md."


class ProfileError(ConfigError):
    code = "profile"
    meaning = "The profile of an export's target, or what it names, cannot be used."
    hint = "Mend targets/NAME.toml (docs/reference/target-profiles.md); `export NAME --dry-run` checks it."


class NotInitialised(ConfigError):
    code = "not_initialised"
    meaning = "This folder is not a scanindex workspace."
    hint = "Run `scanindex init` there, or name another with --home."


class MissingTool(ConfigError):
    code = "missing_tool"
    meaning = "A program or library that the product needs is not installed."
    hint = "Run `scanindex doctor`: it names the package to install."


class UsageError(ConfigError):
    code = "usage"
    meaning = "The command line does not make sense."
    hint = "See `scanindex COMMAND --help`."


class QueryError(UsageError):
    """`at` is the 1-based character of the query where it went wrong."""

    code = "query"
    meaning = "The line to search for does not make sense."
    hint = "See docs/reference/query-language.md; a word in quotes is always just a word."

    def __init__(self, detail: str = "", at: int = 1) -> None:
        super().__init__(detail)
        self.at = at


class RosterRejected(ConfigError):
    code = "roster"
    meaning = "The roster file cannot be imported as it is."
    hint = "Mend the rows named and import again; the roster in use is unchanged."


# --- somebody else was first -------------------------------------------------
class ConflictError(ScanindexError):
    code = "conflict"
    exit_code = 5
    meaning = "The thing changed since it was looked at."
    hint = "Look again (`scanindex show`) and repeat the change."


class AlreadyRunning(ConflictError):
    code = "already_running"
    meaning = "Another scanindex runs on this workspace or inbox."
    hint = "Use that one, or stop it first (`scanindex status` names its process)."


class LoginNeeded(ConfigError):
    code = "login_needed"
    meaning = "This needs somebody who is known here."
    hint = "Log in; on the command line see docs/how-to/people.md (`--as LOGIN`, or a token)."


class LoginFailed(ConfigError):
    code = "login_failed"
    meaning = "Login, password or code do not fit."
    hint = "Try again with care; after several misses each try has to wait. An administrator can invite anew."


class SecondFactorNeeded(ConfigError):
    code = "second_factor_needed"
    meaning = "The password fits; the code of the second factor is missing."
    hint = "Give the six digits that the authenticator shows now, or one of the recovery codes."
    ticket: str = ""
    """Stands for the password that fitted, for some minutes; see people.log_in_with_code."""


class SecondFactorWanted(ConfigError):
    code = "second_factor_wanted"
    meaning = "One of your roles works only with a second factor, and you have none yet."
    hint = (
        "Set one up on the page about your login, or with `scanindex people factor`; nothing else works yet."
    )


class TooManyTries(TransientError):
    code = "too_many_tries"
    meaning = "Too many tries that failed; the next one has to wait."
    hint = "Wait as long as it says; others are not kept out by it."
    wait_seconds: int = 0
    """How long, where it is known; set on the instance."""


class Forbidden(ConfigError):
    code = "forbidden"
    meaning = "Your roles do not include this."
    hint = "Ask an administrator; docs/reference/roles.md says which role includes what."


class Forged(Forbidden):
    code = "forged"
    meaning = "The request did not come from a page of ours, or from one that is out of date."
    hint = "Reload the page and do it again."


class NotFound(ConflictError):
    code = "not_found"
    meaning = "There is no such document, scan, patient or batch."
    hint = "`scanindex documents` and `scanindex review` list the ids."


class Claimed(ConflictError):
    code = "claimed"
    meaning = "Somebody else is working on this scan."
    hint = "Take the next one; it comes back when they are done or have left it alone for a while."


class DatumDiffers(ConflictError):
    code = "datum_differs"
    meaning = "What was typed from the paper is not what the roster says of this patient."
    hint = "Look at the paper again: it may be another patient. Nothing was filed."


class NotAllowedNow(ConflictError):
    code = "not_allowed_now"
    meaning = "The state it is in does not allow this change."
    hint = "`scanindex show` tells the state; docs/reference/states.md lists the moves."


# --- broken integrity --------------------------------------------------------
class IntegrityError(ScanindexError):
    code = "integrity"
    exit_code = 6
    meaning = "Bytes or records are not what they must be."
    hint = "Stop, run `scanindex check`, restore what it names from backup."


class FixityFailed(IntegrityError):
    code = "fixity"
    meaning = "A file in the archive no longer matches its hash."
    hint = "Restore that file from backup; `scanindex check` names it."


class VerifyFailed(IntegrityError):
    code = "verify_failed"
    meaning = "A freshly written document did not pass its verification, so it was not filed."
    hint = "It is tried again; if it stays, report the scan id."


class IndexBroken(IntegrityError):
    code = "index_broken"
    meaning = "The search index cannot be opened; it is being rebuilt from the archive."
    hint = "Search again shortly, or run `scanindex reindex`."


class SchemaTooNew(IntegrityError):
    code = "schema_too_new"
    meaning = "The catalog or archive was written by a newer version of scanindex."
    hint = "Install that version; nothing was changed."


def error_classes() -> tuple[type[ScanindexError], ...]:
    """Every class of the table, root first; docs and tests list from here."""

    def walk(cls: type[ScanindexError]) -> list[type[ScanindexError]]:
        return [cls, *(x for sub in cls.__subclasses__() for x in walk(sub))]

    return tuple(walk(ScanindexError))


def by_code(code: str) -> type[ScanindexError]:
    return next((c for c in error_classes() if c.code == code), ScanindexError)


def transient(error: OSError) -> TransientError:
    """An operating system's refusal as an error of the table, without paths."""
    name = errno.errorcode.get(error.errno or 0, "EIO")
    if name in {"ENOSPC", "EDQUOT", "EFBIG"}:
        return DiskFull(name)
    if name in {"EACCES", "EPERM", "EROFS"}:
        return PermissionMissing(name)
    return StorageFailed(name)
