"""Turns a checked plan into one plain Python function, by building an ``ast`` tree."""
