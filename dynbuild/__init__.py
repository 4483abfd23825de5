"""dynbuild: declarative container images with a lock."""

__version__ = "0.1.0"
