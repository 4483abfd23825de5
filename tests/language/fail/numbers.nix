9223372036854775807 + 1  ### "integer overflow in adding 9223372036854775807 + 1"
---
-9223372036854775807 - 2  ### "integer overflow in subtracting -9223372036854775807 - 2"
---
9223372036854775807 * 2  ### "integer overflow in multiplying 9223372036854775807 * 2"
---
-(-9223372036854775807 - 1)  ### "integer overflow in subtracting 0 - -9223372036854775808"
---
9223372036854775808  ### "9223372036854775808 does not fit into 64 bits"
---
builtins.substring (-1) 1 "abc"  ### "'builtins.substring' cannot start before the string"
---
builtins.ceil (1.0e308*10)  ### "'builtins.ceil': inf does not fit into 64 bits"
---
1.5.5  ### "this is called as if it were a function, but it is a float: 1.5"
---
builtins.elemAt [ 1 ] 1.0  ### "'builtins.elemAt' needs an integer, but this is a float: 1.0"
---
builtins.substring 0 0 1  ### "a string is needed, but this is an integer: 1"
---
builtins.floor "a"  ### "'builtins.floor' needs a number, but this is a string: \"a\""
---
builtins.ceil 1.0e30  ### "'builtins.ceil': 1e+30 does not fit into 64 bits"
---
builtins.bitAnd 1.0 1  ### "'builtins.bitAnd' needs an integer, but this is a float: 1.0"
---
builtins.add 1 "a"  ### "'builtins.add' needs a number, but this is a string: \"a\""
---
builtins.div 7 0  ### "division by zero"
---
1.0e400  ### "1.0e400 is out of the range of a float"
---
1.0e-400  ### "1.0e-400 is out of the range of a float"
---
- 9223372036854775808  ### "9223372036854775808 does not fit into 64 bits"
