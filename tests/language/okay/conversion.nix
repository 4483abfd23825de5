builtins.map toString [1.0e20 1.0 0.1 1.0e-9]
---
builtins.toString [1 [] [2 [3]] [] 4]
---
builtins.toString [1 [] ]
---
builtins.toString [null true false 1.5 "a" ./x]
---
toString ./foo
---
{ outPath = "x"; } + "a"
---
"a" + { __toString = s: "z"; }
---
{ __toString = s: s.n; n = "q"; } + "b"
---
"${{ outPath = "x"; }}"
---
"${{ outPath = { outPath = "y"; }; }}"
---
toString { __toString = s: 1; }
---
builtins.trace [ (1+1) ] [ null toString (builtins.deepSeq "x") (a: a) (let x=[x]; in x) ]
---
builtins.concatStringsSep "," (map toString [ 1 2 3 ])
---
builtins.substring 0 3 { outPath = "abcdef"; }
---
toString (./x + "y")
---
{ type = "derivation"; outPath = "a"; x = 1; } == { type = "derivation"; outPath = "a"; x = 2; }
---
toString { outPath = 1; }
---
toString { __toString = s: [ 1 2 ]; }
---
"${{ __toString = s: { outPath = "z"; }; }}"
---
toString [ true false null ]
---
toString 1.0e10
---
toString (-0.0)
---
toString 1.0e-10
---
let x = 5; y = "${toString x}"; in y
