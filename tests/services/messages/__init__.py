"""Tests of `bridge.services.messages`: from a request of Quick Audience to what a vendor was called with."""
