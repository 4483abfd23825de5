builtins.toJSON [1.0e20 1.0e300 1.0 0.1 1.0e-5 1.0e-4 123456789.0 1.0e14 1.0e15 1.0e16 1.0e17 (1.0e308*10) (-0.0) 1.5e-7 123456.789e3]
---
builtins.fromJSON "{\"a\":1,\"a\":2}"
---
builtins.fromJSON "[92233720368547758080000, 1.5e3, -0, -0.0]"
---
builtins.fromJSON "[-9223372036854775809]"
---
builtins.fromJSON "\"\\ud83d\\ude00\\u00e9\""
---
builtins.fromJSON " 1 "
---
builtins.fromJSON "[1e2,1.0,-1.5e-3,true,null,\"\\/\\b\\f\"]"
---
builtins.toJSON [1.5 "a/" "\n\t" null true {b=1;a=2;} {} []]
---
builtins.toJSON {__toString = s: "x"; }
---
builtins.toJSON {outPath = 1; }
---
builtins.toJSON "\u00e9 é \\ /"
---
builtins.toJSON 1.0
---
builtins.toJSON [ 0.1 0.3 (1.0 / 3) 100.0 1.0e-7 123456789012345680.0 ]
---
builtins.toJSON (0.0 * -1)
---
builtins.fromJSON "{\"a\": [1, {\"b\": null}], \"\": 1.0}"
---
builtins.fromJSON "\"\\u00e9\\n\""
---
builtins.fromJSON "[1.0e5, 1E+2, 100000000000000000000]"
