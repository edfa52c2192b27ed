"""scanindex files scanned paper charts: see `scanindex/pipeline.py` for the whole story."""

__version__ = "0.1.0"
