null < null  ### "null cannot be compared with null: null, null"
---
true < false  ### "a Boolean cannot be compared with a Boolean: true, false"
---
{} < {}  ### "a set cannot be compared with a set: { }, { }"
---
[] + []  ### "a list cannot be added to a list: [ ] + [ ]"
---
true && 1  ### "`&&` needs a Boolean, but this is an integer: 1"
---
1 && true  ### "`&&` needs a Boolean, but this is an integer: 1"
---
!1  ### "`!` needs a Boolean, but this is an integer: 1"
---
1 ++ [1]  ### "`++` needs lists, but this is an integer: 1"
---
1 < 2 < 3  ### "`<` cannot be chained"
---
1 == 1 == true  ### "`==` cannot be chained"
---
1 + !true  ### "a Boolean cannot be added to an integer: 1 + false"
---
<nixpkgs>  ### "there is no search path: <nixpkgs> would depend on the machine"
---
1 == 2 == 3  ### "`==` cannot be chained"
---
1 -> 2  ### "`->` needs a Boolean, but this is an integer: 1"
---
[ 1 -1 ]  ### "unexpected '-'; expected an expression or `]`"
---
[ -1 ]  ### "unexpected '-'; expected an expression or `]`"
