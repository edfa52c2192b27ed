"""Who is it: finds the roster's people on a document's pages and decides."""
