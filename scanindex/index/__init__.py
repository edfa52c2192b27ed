"""Full-text search of filed pages: query language, snippets and the Whoosh engine.

`query` (text to syntax tree), `expand` (words to search keys), `spans` (civil
dates), `plan` (tree to engine-neutral plan and its evaluation) and `snippet`
are pure. `state` makes commits durable. `whoosh_index` is the only module
that imports whoosh; import it where an index is opened, not before.
"""
