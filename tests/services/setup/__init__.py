"""Tests of `bridge.services.setup`."""
