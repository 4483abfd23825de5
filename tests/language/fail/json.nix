builtins.fromJSON "18446744073709551615"  ### "the JSON number 18446744073709551615 does not fit into 64 bits"
---
builtins.fromJSON "[9223372036854775808]"  ### "the JSON number 9223372036854775808 does not fit into 64 bits"
---
builtins.fromJSON "1E400"  ### "the JSON is wrong: '1E400' is out of the range of a float"
---
builtins.fromJSON "NaN"  ### "the JSON is wrong: 'NaN' is not JSON"
---
builtins.fromJSON "[1,]"  ### "the JSON is wrong: expecting value: line 1 column 4 (char 3)"
---
builtins.fromJSON ""  ### "the JSON is wrong: expecting value: line 1 column 1 (char 0)"
---
builtins.fromJSON "\"\\ud83d\""  ### "a string in the JSON has half of a surrogate pair"
---
builtins.fromJSON "1 2"  ### "the JSON is wrong: extra data: line 1 column 3 (char 2)"
---
builtins.fromJSON "\"\\u0000\""  ### "no string can have a null byte"
---
builtins.fromJSON "\"a\tb\""  ### "the JSON is wrong: invalid control character at: line 1 column 3 (char 2)"
---
builtins.fromJSON "01"  ### "the JSON is wrong: extra data: line 1 column 2 (char 1)"
---
builtins.toJSON (x: x)  ### "a function cannot be written as JSON"
---
builtins.toJSON { a = x: x; }  ### "a function cannot be written as JSON"
---
builtins.fromJSON "{\"a\" 1}"  ### "the JSON is wrong: expecting ':' delimiter: line 1 column 6 (char 5)"
---
builtins.fromJSON "tru"  ### "the JSON is wrong: expecting value: line 1 column 1 (char 0)"
---
builtins.fromJSON "-"  ### "the JSON is wrong: expecting value: line 1 column 1 (char 0)"
---
builtins.fromJSON "\"\\x\""  ### "the JSON is wrong: invalid \\escape: line 1 column 2 (char 1)"
---
builtins.fromJSON "/* c */ 1"  ### "the JSON is wrong: expecting value: line 1 column 1 (char 0)"
