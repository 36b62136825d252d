"""Vendors in miniature: each checks a request as its vendor would, and reports on what it took.

A file here is a vendor; `test_emulators.py` finds it and runs every rule over its recipe.
"""
