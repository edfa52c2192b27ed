"""Supervision: being built."""
