"""Contracts: structs, subjects, error codes and the vocabulary of readings. Imports msgspec and the standard library only."""
