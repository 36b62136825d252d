"""The configuration: begun, checked, tried, described."""
