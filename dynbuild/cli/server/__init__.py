"""The language server: the protocol of editors, spoken for ``dynbuild.editor``."""
