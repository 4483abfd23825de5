builtins.fromJSON "18446744073709551615"  ### "the JSON number 18446744073709551615 does not fit into 64 bits"
---
builtins.fromJSON "[9223372036854775808]"  ### "the JSON number 9223372036854775808 does not fit into 64 bits"
---
builtins.fromJSON "1E400"  ### "the JSON is wrong at line 1, column 1: 1E400 is out of the range of a float"
---
builtins.fromJSON "NaN"  ### "the JSON is wrong at line 1, column 1: 'NaN' is no value of JSON"
---
builtins.fromJSON "[1,]"  ### "the JSON is wrong at line 1, column 3: no comma may stand before `]`"
---
builtins.fromJSON ""  ### "the JSON is wrong at line 1, column 1: a value is missing"
---
builtins.fromJSON "\"\\ud83d\""  ### "a string in the JSON has half of a surrogate pair"
---
builtins.fromJSON "1 2"  ### "the JSON is wrong at line 1, column 3: the text goes on after its value"
---
builtins.fromJSON "\"\\u0000\""  ### "no string can have a null byte"
---
builtins.fromJSON "\"a\tb\""  ### "the JSON is wrong at line 1, column 3: a text has '\\t' only as an escape"
---
builtins.fromJSON "01"  ### "the JSON is wrong at line 1, column 2: the text goes on after its value"
---
builtins.toJSON (x: x)  ### "a function cannot be written as JSON"
---
builtins.toJSON { a = x: x; }  ### "a function cannot be written as JSON"
---
builtins.fromJSON "{\"a\" 1}"  ### "the JSON is wrong at line 1, column 6: `:` must follow the key"
---
builtins.fromJSON "tru"  ### "the JSON is wrong at line 1, column 1: 'tru' is no value of JSON"
---
builtins.fromJSON "-"  ### "the JSON is wrong at line 1, column 1: '-' is no value of JSON"
---
builtins.fromJSON "\"\\x\""  ### "the JSON is wrong at line 1, column 2: a backslash starts an escape, and this is not one"
---
builtins.fromJSON "/* c */ 1"  ### "the JSON is wrong at line 1, column 1: JSON has no comments"
---
builtins.toJSON ./missing  ### "'/missing' does not exist"
---
builtins.toJSON { a = [ ./missing ]; }  ### "'/missing' does not exist"
