  c''
''x'$y''
''  ### "this string is not closed"
---
    a ''${b}  ### "undefined variable 'a'" ### "undefined variable 'b'"
   c''
---
{ a = { b = 1; }; a.b = 2; }  ### "attribute 'a.b' is already defined at /case.nix:1:9"
---
1 2  ### "this is called as if it were a function, but it is an integer: 1"
---
{ } 2  ### "this is called as if it were a function, but it is a set: { }"
---
if 1 then 2 else 3  ### "a condition needs a Boolean, but this is an integer: 1"
---
1a  ### "undefined variable 'a'"
---
[1a]  ### "undefined variable 'a'"
---
0x1  ### "undefined variable 'x1'"
---
1e5  ### "undefined variable 'e5'"
---
builtins.stringLength 1  ### "a string is needed, but this is an integer: 1"
---
{ a = 1; a = 1; }  ### "attribute 'a' is already defined at /case.nix:1:3"
---
length  ### "undefined variable 'length'"
---
__map  ### "undefined variable '__map'"
---
if null then 1 else 2  ### "a condition needs a Boolean, but this is null"
---
a.b  ### "undefined variable 'a'"
---
{ x = y; }  ### "undefined variable 'y'"
---
{ a = 1; b = a; }  ### "undefined variable 'a'"
---
if true then 1 else undefined  ### "undefined variable 'undefined'"
---
x.or  ### "undefined variable 'x'"
