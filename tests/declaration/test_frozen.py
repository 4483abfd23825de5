"""What was read, as plain data and back."""

import marshal

from dynbuild.declaration.inputs import Inputs
from dynbuild.declaration.syntax.nix import read
from dynbuild.declaration.syntax.tree_codec import freeze, thaw
from dynbuild.lang.files import MemoryFiles
from dynbuild.spans import Source


def test_there_and_back() -> None:
    text = '{ a ? 1 }: { x = [ 1 2.5 "s" true null a ]; y = import ./y.nix; e = { }; }'
    files = MemoryFiles({"/project/y.nix": "{ z = { }; }"})
    found = read(Source("dynbuild.nix", text), Inputs(files, given={"a": "é"}))
    data = marshal.loads(marshal.dumps(freeze(found)))
    assert thaw(data) == found
