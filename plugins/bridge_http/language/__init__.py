"""What a recipe is written in: expressions with filters, paths into answers, ways of decoding, moments."""
