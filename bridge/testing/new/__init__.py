"""Writes the repository of a new plugin from the templates beside this file."""

from .writing import BadName, write_repository

__all__ = ["BadName", "write_repository"]
