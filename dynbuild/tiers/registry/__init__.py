"""A registry as a tier: records and layers as OCI artifacts, images beside them."""
