"""The rows of the plugin's table, by what they are about."""

from . import lookups, reviews, sending, webhooks

ROWS = (*sending.ROWS, *lookups.ROWS, *webhooks.ROWS, *reviews.ROWS)

__all__ = ["ROWS"]
