fromTOML "a = 1"
---
builtins.fromTOML "a=1\nb=\"x\"\n[c]\nd=[1,2.5,true]\n[[e]]\nf=1\n[[e]]\nf=2\n"
---
builtins.fromTOML "a=0x10\nb=0o17\nc=0b11\nd=1_000\ne=1e3\nf=inf\ng=-inf"
---
builtins.fromTOML "a=9223372036854775807\nb=-9223372036854775808"
---
builtins.fromTOML "a.b.c=1\na.d=2\n\"x y\".z=1"
---
builtins.fromTOML "a='''\nxx\n  y'''\nb=\"\"\"a\\\n   b\"\"\""
---
builtins.fromTOML "a = {b=1, c={d=2}}"
---
builtins.fromTOML ""
---
builtins.fromTOML "a = [1, \"x\", [2]]"
---
builtins.fromTOML "a = +1\nb = -0\nc=+0.0\nd=-0.0"
