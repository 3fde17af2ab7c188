"""Which unit a case is proposed for: the subdistrict first, its district as the fallback."""

from __future__ import annotations

from cases.models import Location


def propose_unit(location: Location | None) -> str:
    """The unit named by the place; "" when not even the district is known."""
    if location is None:
        return ""
    return location.subdistrict or location.district or ""
