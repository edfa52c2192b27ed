"""Delivery of documents to other systems: choose, hold back, queue, send, correct, reconcile.

Use cases over the ledger of exports (`unit.deliveries`) and one `EhrSink`. Promises: each document
and version reaches a receiver under one id however often the sending is broken off; what is doubtful,
damaged or protected stays here and is listed; whatever was delivered and changed is told to the
receiver; every disclosure is in the trail before it goes. In the order of a run: `choose` (which
documents), `compose` (the neutral record), `holds` (why not), `plan` (new, replace, cancel), `queue`
(the ledger), `sending` (each of its `attempts` in the trail), `reconcile`. Leaves out forms and lines (ehr/).
"""
