"""The declaration: one schema, and the syntaxes that map to it."""
