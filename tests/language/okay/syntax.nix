__curPos
---
{ a = { b = 1; }; a.c = 2; }
---
{ a = 1; } . a
---
{ __overrides = 1; }
---
__head [1]
---
__add 1 2
---
isNull null
---
map
---
007
---
{ a = { }; a = { }; }
---
{ a = { x = 1; }; a = { y = 2; }; }
---
builtins.typeOf builtins
---
builtins.break 1
---
__length [ 1 ]
---
__typeOf 1
---
__isInt 1
---
{ }
---
[ ]
---
1 # c
---
(1)
---
((((1))))
