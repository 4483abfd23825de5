"a\n\t\r\\\" ${"$"}{x} $ $$ é"
---
"$${1}"
---
"\${1} \a"
---
builtins.stringLength "é"
---
"a" < "b"
---
1 == "1"
---
"a" + "b" == "ab" && 1 < 2 -> true
---
"\u0041"
---
"${"a"}${"b"}"
---
"a${"b${"c"}"}d"
---
"$" + "$$" + "\$" + "$a" + "$$a"
---
"$\{a}"
---
"a\
b"
---
builtins.warn "x" 1
---
builtins.traceVerbose "x" 1
---
builtins.hasContext "a"
---
builtins.getContext "a"
---
__unsafeGetAttrPos "a" { }
---
"a" == "a" + ""
---
builtins.convertHash { hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="; toHashFormat = "nix32"; }
---
builtins.convertHash { hash = "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"; toHashFormat = "sri"; }
---
builtins.convertHash { hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"; hashAlgo = "sha256"; toHashFormat = "base64"; }
---
builtins.convertHash { hash = "1B2M2Y8AsgTpgAmY7PhCfg=="; hashAlgo = "md5"; toHashFormat = "base16"; }
---
builtins.convertHash { hash = "sha1:0w84MCBxQUCzw8Q9Ky+hAAAAAAA="; hashAlgo = "sha1"; toHashFormat = "nix32"; }
---
builtins.convertHash { hash = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="; toHashFormat = "base16"; }
---
builtins.appendContext "a" { }
---
builtins.unsafeDiscardOutputDependency "a"
