"""What people look at and decide, for the shell and the console alike."""
