"""Taking scans over from the inbox: `Intake.look()` is one round of it."""

from scanindex.intake.listing import Entry, list_entries
from scanindex.intake.names import decode_path, encode_path
from scanindex.intake.presets import preset_of
from scanindex.intake.retire import is_in_inbox
from scanindex.intake.take import Intake, Look, adopt

__all__ = [
    "Entry",
    "Intake",
    "Look",
    "adopt",
    "decode_path",
    "encode_path",
    "is_in_inbox",
    "list_entries",
    "preset_of",
]
