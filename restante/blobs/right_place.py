"""Whether store and blobs belong together: a disk that is missing must not cost files.

Both keep the same id.  Neither is trusted alone: the folder may be an empty mount point, and the
store may be another service's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restante.blobs import Blobs
    from restante.store.uploads import Uploads


def is_right(blobs: Blobs, uploads: Uploads, *, forgets: bool = False) -> bool:
    """Tell whether these blobs are this store's; if both are new, join them.

    A store that *forgets* all with a restart joins the place anew: nothing opens what is there.

    Raises:
        Unavailable: The store does not answer.
        OSError: The place does not work.
    """
    here, known = blobs.place(), uploads.place()
    if here:
        return here == (known or (uploads.place(here) if forgets else ""))
    proposed = blobs.propose()
    if known not in {"", proposed} or not proposed or uploads.place(proposed) != proposed:
        return False
    blobs.settle()
    return True
