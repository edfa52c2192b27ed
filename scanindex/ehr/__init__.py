"""Out into the EHR: renders export records in the forms that receivers take, and hands them over.

Each module makes one form from `ExportRecord` and nothing else (pure, streaming), or carries bytes
over one kind of line. `app.open_sink` puts a form and a line together as a profile says.
"""
