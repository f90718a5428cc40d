"""What whoever runs the service may choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

UPLOAD_BYTES: Final = 10_000_000
REQUESTS_PER_S: Final = 1000.0


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The service's choices.

    Attributes:
        anonymous: whether the catalogue may be read without a token.
        upload_bytes: the largest file of observations that is taken.
        requests_per_s: of one address; 0 for no limit. Twice as many may come at once.
        works: whether jobs are worked on; else they wait for a service that does.
    """

    anonymous: bool = True
    upload_bytes: int = UPLOAD_BYTES
    requests_per_s: float = REQUESTS_PER_S
    works: bool = True
