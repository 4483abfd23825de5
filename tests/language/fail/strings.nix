"a" < 1  ### "a string cannot be compared with an integer: \"a\", 1"
---
[1 "a"] < [1 2]  ### "a string cannot be compared with an integer: \"a\", 2"
---
"a" + 1  ### "an integer cannot be added to a string: \"a\" + 1"
---
1 + "a"  ### "a string cannot be added to an integer: 1 + \"a\""
---
{} + "a"  ### "a string is needed, but this is a set: { }"
---
null + "a"  ### "a string cannot be added to null: null + \"a\""
---
"${1}"  ### "a string is needed, but this is an integer: 1"
---
"${null}"  ### "a string is needed, but this is null"
---
"${[]}"  ### "a string is needed, but this is a list: [ ]"
---
- "a"  ### "subtracting needs numbers, but this is a string: \"a\""
---
builtins.hashString "foo" ""  ### "unknown hash algorithm 'foo'"
---
"a" + "b" ++ [ ]  ### "`++` needs lists, but this is a string: \"b\""
---
builtins.hashString "md5" 1  ### "a string is needed, but this is an integer: 1"
---
[ 1 ] < [ "a" ]  ### "an integer cannot be compared with a string: 1, \"a\""
---
"${undefined}"  ### "undefined variable 'undefined'"
---
{ a = 1; "a" = 2; }  ### "attribute 'a' is already defined at /case.nix:1:3"
---
builtins.convertHash { hash = "sha256:xyz"; toHashFormat = "sri"; }  ### "'sha256:xyz' is no digest of sha256"
---
builtins.convertHash { hash = "1B2M2Y8AsgTpgAmY7PhCfg=="; toHashFormat = "sri"; }  ### "the digest '1B2M2Y8AsgTpgAmY7PhCfg==' does not say its algorithm"
---
builtins.convertHash { hash = "sha1:1B2M2Y8AsgTpgAmY7PhCfg=="; hashAlgo = "md5"; toHashFormat = "sri"; }  ### "the digest 'sha1:1B2M2Y8AsgTpgAmY7PhCfg==' is not of md5"
---
builtins.convertHash { hash = "1B2M2Y8AsgTpgAmY7PhCf$=="; hashAlgo = "md5"; toHashFormat = "sri"; }  ### "'1B2M2Y8AsgTpgAmY7PhCf$==' is no digest of md5"
---
builtins.convertHash { hash = "md5:1B2M2Y8AsgTpgAmY7PhCfg=="; toHashFormat = "base65"; }  ### "there is no form of digests 'base65'"
---
builtins.convertHash { toHashFormat = "base16"; }  ### "'builtins.convertHash' needs a set with an attribute 'hash'"
---
builtins.convertHash { hash = 1; toHashFormat = "base16"; }  ### "'builtins.convertHash' needs a string as its 'hash', but this is an integer: 1"
---
builtins.convertHash { hash = "md5:zzzzzzzzzzzzzzzzzzzzzzzzzz"; toHashFormat = "base16"; }  ### "'md5:zzzzzzzzzzzzzzzzzzzzzzzzzz' is no digest of md5"
---
builtins.convertHash { hash = "sha3:00"; toHashFormat = "sri"; }  ### "unknown hash algorithm 'sha3'"
---
builtins.appendContext "a" { "/nix/store/x" = { path = true; }; }  ### "'builtins.appendContext' cannot add to a context: there is no store"
