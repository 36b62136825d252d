"""Campaigns for people: seen, steered and exported, whatever the desk."""
