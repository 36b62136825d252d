"""The sandbox vendor and its carrier."""
