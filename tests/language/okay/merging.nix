{ "a b" = 1; "if" = 2; or = 3; "" = 1; "a-b"=1; "1a"=1; _x=1; "a.b"=1; "é"=1; "a'"=1; __curPos=1;}
---
{ a.b.c = 1; a.b.d = 2; a = { e = 3; }; }
---
{ a.b = null; }.a.b or 3
---
{ "a.b" = 1; }."a.b"
---
{ a.b = 1; } ? "a".b
---
{ a.b = 1; } ? a."${"b"}"
---
{ a.b = 1; }.a ? b
---
{ a.b.c = 1; }.a.b.c or 7
---
{ a.b.c = 1; a.b.d = 2; a.e = 3; }
---
{ a = { b = 1; }; a.c.d = 2; a = { c.e = 3; }; }
---
{ a = rec { x = 1; y = x; }; a.z = 3; }
---
let a.b = 1; a.c = a.b + 1; in a
---
rec { a.b = c; c = 1; a.d = a.b; }
---
{ "a b".c = 1; "a b".d = 2; }
---
{ a.${"b"} = 1; a.c = 2; }
---
{ a = { inherit (builtins) length; }; a.b = 1; }.a.b
---
{ x.a = 1; x = { inherit ({ b = 2; }) b; }; }
