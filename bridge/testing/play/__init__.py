"""Runs rows against a plugin: a channel, a wire to a made-up vendor, a watch over it, a whole bridge."""
