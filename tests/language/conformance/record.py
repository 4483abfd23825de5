"""Take the values of the corpus from Nix anew.

``python -m tests.language.conformance.record``; review the diff.
"""

import shutil
import tempfile
from pathlib import Path

from tests.language.conformance.nix import nix_instantiate, nix_value
from tests.language.corpus import FILES, HERE, SEPARATOR


def main() -> None:
    if nix_instantiate() is None:
        raise SystemExit("Nix cannot be had here")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        shutil.copytree(FILES, directory, symlinks=True, dirs_exist_ok=True)
        for path in sorted((HERE / "okay").glob("*.nix")):
            text = path.read_bytes().decode().removesuffix("\n")
            values = [
                nix_value(chunk, directory) or "NIX FAILS"
                for chunk in text.split(SEPARATOR)
            ]
            results = SEPARATOR.join(values) + "\n"
            path.with_suffix(".exp").write_text(results, encoding="utf-8")


if __name__ == "__main__":
    main()
