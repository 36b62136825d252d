"""What an author writes: rows, their exchanges, samples, and the class that holds them. It runs nothing."""
