{ a.${"b"+"c"}.d = 1; }
---
{ a = { b = 1; }; } ? a.b
---
{ a = 1; } ? a.b.c
---
1 ? a
---
{ a = 1; }.a.b or 3
---
{ }.a.b.c or 3
---
[ 1 2 ].a or 5
---
{ a = { b = 1; }; }.a.${"b"}
---
{ a = 1; }."a"
---
let x = { a = 1; }; in x.a or x.b or 3
---
!{a=1;} ? a
---
{a=1;} ? a && true
---
let x = {a={};}; in x.a ? b || x ? a
---
let or = 1; in 1
---
{ or = 1; }.or
---
let x = {}; in x.or or 3
---
builtins.builtins ? map
---
{ inherit (builtins) "length"; } ? length
---
{ inherit (builtins) ${"length"}; } ? length
---
{ a = { }; } ? a.b.c.d
---
[ ({ }).a or 5 ]
---
{ a = { inherit (builtins) x; }; a.y = 1; }.a.y
---
builtins ? builtins
---
{ a = { }; } ? a ? c
---
{ a = 1; }.a.b.c or 7
---
{ } . a or 1 + 2
---
{ or = 1; }
---
{ a.b.c = 1; }.a.b.c
---
{ a.b = 1; }.a.x or "default"
---
{ a = 1; }.a.b.c or "default"
---
{ a = null; }.a or "default"
---
{ "a b" = 1; }."a b"
---
let k = "a"; in { a = 1; }.${k}
---
let k = "a"; in { a.b = 1; }.${k}."b"
---
let k = "z"; in { a = 1; }.${k} or 2
---
{ a.b = 1; } ? a.b
---
{ a.b = 1; } ? a.b.c
---
{ a.b = 1; } ? x.y.z
---
let k = "a"; in { a = 1; } ? ${k}
---
5 ? a
---
({ a = 1; }).a
---
[ { a = 1; }.a { }.b or 2 ]
---
{ a = { or = 1; }; }.a.or
