"""Bills of materials: what an image has installed, in the formats that others read."""
