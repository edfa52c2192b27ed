"""Programs that are not ours, to test exports against: servers, receivers and judges.

Installed by `scripts/setup-peers` into `.peers/`; described in docs/how-to/test-against-ehr-peers.md.
Nothing here ships with the product, and the product imports nothing of it.
"""
