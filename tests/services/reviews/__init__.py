"""Tests of `bridge.services.reviews`: signatures and templates at their accounts."""
