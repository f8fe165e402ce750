"""Tests of pairing, one file a room."""
