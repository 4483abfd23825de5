x:x  ### "a URL must be a string"
---
~/x  ### "a path in the home directory would depend on the user"
---
a/b  ### "a path must start with ./, ../ or /"
---
http://a.b/c  ### "a URL must be a string"
---
6/3  ### "a path must start with ./, ../ or /"
