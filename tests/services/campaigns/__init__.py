"""Tests of `bridge.services.campaigns`."""
