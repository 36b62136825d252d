"""What all commands share: opening what they work on, and printing it."""
