"""Tests of `bridge.worker`, driven with the services it runs."""
