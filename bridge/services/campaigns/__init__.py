"""Campaigns for people: seen, controlled and exported, whatever the desk."""
