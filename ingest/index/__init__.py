"""The published index: generations on disk, each with vectors, words and texts."""
