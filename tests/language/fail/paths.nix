1 / 0  ### "division by zero"
---
1.0 / 0  ### "division by zero"
---
(-9223372036854775807 - 1) / -1  ### "integer overflow in dividing -9223372036854775808 / -1"
---
{} // 1  ### "`//` needs sets, but this is an integer: 1"
---
/  ### "unexpected '/'; expected an expression"
---
./a/  ### "a path cannot end with a slash"
---
./x ${"y"}  ### "no space is allowed within a path"
---
./x/  ### "a path cannot end with a slash"
---
builtins.toPath "a"  ### "'a' is not an absolute path"
---
a /b  ### "undefined variable 'a'"
---
6 /3  ### "this is called as if it were a function, but it is an integer: 6"
---
"${./absent}"  ### "'/absent' does not exist"
---
"${./absent}/more"  ### "'/absent' does not exist"
---
"a" + ./absent  ### "'/absent' does not exist"
---
builtins.concatStringsSep "" [ ./absent ]  ### "'/absent' does not exist"
