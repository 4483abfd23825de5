"""Values as text, data, Markdown and pages."""
