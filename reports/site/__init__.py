"""The catalog as a static site: pages that work from a folder, without a network and without a server.

`collect` reads the entries · `diagram` draws a model's blocks · `family` places descent over time · `results` finds
what finished comparisons say of an entry · `pages` renders · `write` puts it all into a folder.
"""

from reports.site.write import write

__all__ = ["write"]
