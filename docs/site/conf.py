"""How Sphinx makes a site of the pages, which are plain Markdown as they stand."""

from dynbuild.version import __version__

project = "dynbuild"
html_title = f"dynbuild {__version__}"
html_theme = "furo"
html_show_copyright = False
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False
extensions = ["myst_parser", "sphinx_external_toc"]
external_toc_path = "docs/site/toc.yml"
# The whole checkout is the source, so that a link to an example is one here as well.
include_patterns = ["*.md", "docs/**.md"]
exclude_patterns = ["build", "dist", "editors", "examples", "tests", "**/.*"]
# Anchors as GitHub has them.
myst_heading_anchors = 4
nitpicky = True
# Examples of mistakes are mistakes, and pipes are newer than the lexer.
suppress_warnings = ["misc.highlighting_failure"]
