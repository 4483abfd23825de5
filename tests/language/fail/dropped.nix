x:x  ### "a URL must be a string"
---
rec { x = 1; __overrides = {x=2;}; }  ### "'__overrides' has no meaning in dynbuild"
---
let { body = 1; }  ### "`let { … }` is not part of the language"
---
~/x  ### "a path in the home directory would depend on the user"
---
a/b  ### "a path must start with ./, ../ or /"
---
http://a.b/c  ### "a URL must be a string"
---
6/3  ### "a path must start with ./, ../ or /"
