"""The smallest worker."""

import ffmpeg

print(f"ready, with {ffmpeg.__name__}")
