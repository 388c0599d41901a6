"""Paging as RDS does it: MaxRecords from 20 to 100 (for orderable options 1000), and an opaque Marker."""

import base64

from errors import AwsError


def page(store, params, things, key, largest=100):
    """(the things of this page, marker of the next page or None); `key` must be unique.

    The marker holds the last key shown, not a position: what is created or deleted between two
    pages neither repeats nor hides anything else.
    """
    size = params.get("MaxRecords") or 100
    if not 20 <= size <= largest:
        raise AwsError(
            "InvalidParameterValue",
            f"Invalid value {size} for MaxRecords. Must be between 20 and {largest}",
        )
    size = min(size, store.tenant.settings.page_size)
    things = sorted(things, key=key)
    if params.get("Marker"):
        last = _decoded(params["Marker"])
        things = [thing for thing in things if key(thing) > last]
    if len(things) <= size:
        return things, None
    return things[:size], base64.urlsafe_b64encode(key(things[size - 1]).encode()).decode()


def _decoded(marker):
    try:
        return base64.urlsafe_b64decode(marker).decode()
    except ValueError:
        raise AwsError("InvalidParameterValue", f"Invalid marker: {marker}") from None
