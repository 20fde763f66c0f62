"""Telling people: takes alerts from the outbox and settles each one, once."""
