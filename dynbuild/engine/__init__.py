"""The edge to BuildKit, image registries and the Docker engine."""
