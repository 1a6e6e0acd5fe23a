"""Seeded mistakes: what a tired engineer could write, applied to a copy of the program, and which checks notice."""
