"""Whether two texts name one coordinate reference system."""

from __future__ import annotations

from skhyp._optional_packages import optional_package


def are_same_systems(first: str | None, second: str | None) -> bool:
    """Return whether two reference systems, as WKT, are one in other words; None may be any.

    GDAL compares what they say; texts that were made of PROJ's parameters have lost the names of
    datums, so that PROJ's parameters have to do there.
    """
    if first is None or second is None or first == second:
        return True
    optional_package("rasterio", "Comparing the reference systems of two files")
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    try:
        systems = CRS.from_user_input(first), CRS.from_user_input(second)
        if systems[0] == systems[1]:
            return True
        parameters, others = (set(system.to_proj4().split()) for system in systems)
    except CRSError:
        return False  # GDAL does not know one of them
    # Some texts leave out how a datum lies to WGS 84.
    differing = {entry.partition("=")[0] for entry in parameters ^ others}
    is_shift_alone = differing == {"+towgs84"} and len(parameters) != len(others)
    return bool(parameters and others) and (not differing or is_shift_alone)


def system_name(crs: str | None) -> str:
    """Return what a reference system is called, for messages."""
    if crs is None:
        return "no reference system"
    head, _, rest = crs.partition('"')
    return rest.partition('"')[0] if rest else head
