"""dynbuild: declarative container images with a lock."""
