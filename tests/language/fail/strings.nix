"a" < 1  ### "a string cannot be compared with an integer"
---
[1 "a"] < [1 2]  ### "a string cannot be compared with an integer"
---
"a" + 1  ### "a string is needed, but this is an integer"
---
1 + "a"  ### "a string cannot be added to an integer"
---
{} + "a"  ### "a string is needed, but this is a set"
---
null + "a"  ### "a string cannot be added to null"
---
"${1}"  ### "a string is needed, but this is an integer"
---
"${null}"  ### "a string is needed, but this is null"
---
"${[]}"  ### "a string is needed, but this is a list"
---
- "a"  ### "subtracting needs numbers, but this is a string"
---
builtins.hashString "foo" ""  ### "unknown hash algorithm 'foo'"
---
"a" + "b" ++ [ ]  ### "`++` needs lists, but this is a string"
---
builtins.hashString "md5" 1  ### "a string is needed, but this is an integer"
---
[ 1 ] < [ "a" ]  ### "an integer cannot be compared with a string"
---
"${undefined}"  ### "undefined variable 'undefined'"
---
{ a = 1; "a" = 2; }  ### "attribute 'a' is already defined at /case.nix:1:3"
