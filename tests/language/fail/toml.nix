builtins.fromTOML "a=1979-05-27"  ### "1979-05-27 is a date or time, which the language does not have"
---
builtins.fromTOML "a=07:32:00"  ### "07:32:00 is a date or time, which the language does not have"
---
builtins.fromTOML "a=9223372036854775808"  ### "9223372036854775808 does not fit into 64 bits"
---
builtins.fromTOML "a=1\na=2"  ### "the TOML is wrong: cannot overwrite a value (at end of document)"
---
builtins.fromTOML "a = \"\\u0000\""  ### "no string can have a null byte"
---
builtins.fromTOML "a = "  ### "the TOML is wrong: invalid value (at end of document)"
---
builtins.fromTOML "a = \"\\e\""  ### "the TOML is wrong: unescaped '\\' in a string (at line 1, column 8)"
---
builtins.fromTOML "[a]\n[a]"  ### "the TOML is wrong: cannot declare ('a',) twice (at line 2, column 3)"
