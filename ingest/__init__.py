"""Ingest: resources and notes to a published index."""
