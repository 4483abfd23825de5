builtins.fromTOML "a=1979-05-27"  ### "1979-05-27 is a date or time, which the language does not have"
---
builtins.fromTOML "a=07:32:00"  ### "07:32:00 is a date or time, which the language does not have"
---
builtins.fromTOML "a=9223372036854775808"  ### "9223372036854775808 does not fit into 64 bits"
---
builtins.fromTOML "a=1\na=2"  ### "the TOML is wrong at line 2, column 4: this key already has a value"
---
builtins.fromTOML "a = \"\\u0000\""  ### "no string can have a null byte"
---
builtins.fromTOML "a = "  ### "the TOML is wrong at line 1, column 5: expected a value"
---
builtins.fromTOML "a = \"\\e\""  ### "the TOML is wrong at line 1, column 8: a backslash starts an escape, and this is not one"
---
builtins.fromTOML "[a]\n[a]"  ### "the TOML is wrong at line 2, column 3: this table is defined twice"
