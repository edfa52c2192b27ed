"""Catalog, roster and archive on real storage; SQL lives only here."""
