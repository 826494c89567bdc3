"""Texts for people in their language: states, events, endings, times, countries."""
