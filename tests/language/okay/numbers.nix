[1.0e20 1.0e300 1.0 0.1 1.0e-5 123456789.0 1.0e6 1.0e5 100000.5 (1.0e308*10) (0-1.0e308*10) (-0.0) 3.0e15 1.e5]
---
builtins.substring 0 1 "é" + builtins.substring 1 1 "é"
---
builtins.functionArgs builtins.add
---
1 == 1.0
---
[ .5 1. 0.5 00.5 ]
---
1 + 1.5
---
-1.5
---
[1 2] == [1 2.0]
---
builtins.sort builtins.lessThan ["b" "a" "C"]
---
builtins.elem 1 [1.0 2]
---
builtins.substring 1 (-1) "abc"
---
builtins.substring 5 1 "abc"
---
builtins.substring 1 100 "abc"
---
[ builtins.add (builtins.add 1) (x: x) ({a}: a) ]
---
builtins.isFunction builtins.add
---
map builtins.floor [1.5 (-1.5) 2]
---
map builtins.ceil [1.5 (-1.5) 2]
---
builtins.bitAnd 12 10
---
builtins.bitOr 12 (-10)
---
builtins.bitXor 12 10
---
[1.5.5]
---
builtins.genericClosure { startSet = [ { key = 1; } { key = 1.0; } { key = 2; } ]; operator = x: [ ]; }
---
builtins.add 1 1.5
---
builtins.div 7 2
---
builtins.sub 1 2
---
builtins.mul 1.5 2
---
builtins.lessThan 1 1.5
---
1.0 == 1
---
9007199254740993 == 9007199254740992.0
---
9007199254740993 < 9007199254740993.0
---
0.1 + 0.2 == 0.3
---
0.1 + 0.2
---
[ builtins.add ] == [ builtins.add ]
---
let f = builtins.add; in [ f ] == [ f ]
---
[ (0.0 * -1) (1.0e308 * 10) ]
---
[1.0e20 1.0e300 1.0 0.1 1.0e-5 1.0e-4 123456789.0 1.0e14 1.0e15 1.0e16 1.0e17 (1.0e308*10) (-0.0) 1.5e-7 123456.789e3]
---
[ (7 / 2) (-7 / 2) (7 / -2) (-7 / -2) ]
---
[ (0 - 1) (- 1) (1 - -1) (-(-1)) ]
---
[ 1.5 2.0 100000.0 1000000.0 123456.7 0.00001 ]
---
1.0 / 3
---
[ (1 / 2) (1 / 2.0) (1.0 / 2) ]
---
9223372036854775807
---
-9223372036854775807 - 1
---
1 + 2.5 == 3.5
---
[ (1 < 1.5) (1.5 < 2) (2 <= 2.0) (3 > 2.5) (2 >= 3) ]
