"""Tests of `bridge.services.reports`: what vendors report, and what Quick Audience is told."""
