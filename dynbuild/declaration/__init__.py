"""The declaration: one schema, and the syntaxes that end in it."""
