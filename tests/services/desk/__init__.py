"""Tests of `bridge.services.desk`: what an operator sees and does."""
