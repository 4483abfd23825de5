x:x  ### "text like x:x needs quotes"
---
~/x  ### "~/x is in the home directory, which would depend on the user"
---
~/${"x"}/y  ### "~/… is in the home directory, which would depend on the user"
---
fetchTarball "x"  ### "dynbuild has no 'fetchTarball'"
---
builtins.getEnv "x"  ### "dynbuild has no 'builtins.getEnv'"
---
a/b  ### "a path must start with ./, ../ or /"
---
http://a.b/c  ### "text like http://a.b/c needs quotes"
---
6/3  ### "a path must start with ./, ../ or /"
