"""The screens under load: a workspace to work in, users, and what they waited for."""
