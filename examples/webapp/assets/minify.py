"""Makes a style sheet smaller: no comments, no white space that means nothing."""

import re
import sys
from pathlib import Path

text = re.sub(r"/\*.*?\*/", "", Path(sys.argv[1]).read_text(), flags=re.DOTALL)
print(re.sub(r"\s*([{};:,])\s*", r"\1", " ".join(text.split())))
