"""A client for OCI registries: manifests, blobs, uploads, mounts, authorization."""
