"""The catalog as a static site: pages that work from a folder, without a network and without a server.

`collect` reads the entries · `columns` says what the table shows and can be asked · `family` orders descent and years ·
`diagram`, of a `column` for each stack, draws a model's blocks from `shapes` and words `said` of them · `results` finds
what finished comparisons say of an entry · `data` is what pages compare · `libraries` are the scripts of others ·
`pages` renders · `write` puts it all into a folder.
"""

from reports.site.write import write

__all__ = ["write"]
