{ a.${"b"+"c"}.d = 1; a.${"b"+"c"}.e = 1; }  ### "attribute 'bc' is already defined at /case.nix:1:3"
---
1.a or 2  ### "undefined variable 'a'" ### "undefined variable 'or'"
---
{ a = 1; }.b  ### "attribute 'b' is missing"
---
1.a  ### "undefined variable 'a'"
---
(1).a  ### "a set is needed to take 'a' from, but this is an integer: 1"
---
[ or ]  ### "`or` cannot stand alone as a value"
---
1 ? a.b or c  ### "unexpected 'or'; expected the end of the source"
---
a ? b ? c  ### "undefined variable 'a'"
---
[ a.b or c ]  ### "undefined variable 'a'" ### "undefined variable 'c'"
---
let or = 1; in or  ### "`or` cannot stand alone as a value"
---
{ a = 1; }.a or throw "never"  ### "this is called as if it were a function, but it is an integer: 1"
