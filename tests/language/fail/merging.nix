{ a.b = 1; a.b.c = 2; }  ### "attribute 'a.b' is already defined at /case.nix:1:3"
---
{ a = 1; a.b = 2; }  ### "attribute 'a' is already defined at /case.nix:1:3"
---
{ a.b = 1; a = { b = 2; }; }  ### "attribute 'a.b' is already defined at /case.nix:1:3"
---
{ a.b.c = 1; a.b.c.d = 2; }  ### "attribute 'a.b.c' is already defined at /case.nix:1:3"
---
{ a.b = 1; a.c = 2; a.b = 3; }  ### "attribute 'a.b' is already defined at /case.nix:1:3"
---
{ "a b" = 1; "if" = 2; or = 3; "" = 1; "a-b"=1; "1a"=1; _x=1; "a.b"=1; "é"=1; "a'"'"'"=1; __curPos=1;}  ### "a string cannot be written in single quotes"
---
{ a.b = 1; a = c: c; }  ### "attribute 'a' is already defined at /case.nix:1:3"
---
{ a = let x = 1; in { b = x; }; a.c = 2; }  ### "attribute 'a' is already defined at /case.nix:1:3"
