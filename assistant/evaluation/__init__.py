"""Evaluation: question files and BEIR folders in, figures and a report out."""
