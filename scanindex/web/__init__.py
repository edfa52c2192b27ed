"""The screens and the HTTP API: parse input, call a use case, show the result."""
