builtins.genericClosure {startSet=[{key=1;}]; operator=x:if x.key < 5 then [{key=x.key+1;}{key=x.key+2;}] else [];}  ### "unexpected 'then'; expected `;`"
---
builtins.genericClosure {startSet=[{key=1;}{key="a";}]; operator=x: [];}  ### "the keys given to 'builtins.genericClosure' must be of one kind"
---
builtins.genList (x: x) (-1)  ### "'builtins.genList' cannot make -1 elements"
---
builtins.elemAt [1 2] 2  ### "'builtins.elemAt': there is no element 2 in a list of 2"
---
builtins.head []  ### "'builtins.head': the list is empty"
---
builtins.concatStringsSep ", " [1]  ### "a string is needed, but this is an integer: 1"
---
builtins.groupBy (x: 1) [ 1 ]  ### "the function given to 'builtins.groupBy' must make strings, not an integer: 1"
---
builtins.sort (a: b: 1) [ 1 2 ]  ### "the function given to 'builtins.sort' needs a Boolean, but this is an integer: 1"
---
builtins.sort (a: b: a < b) [ 1 "a" ]  ### "a string cannot be compared with an integer: \"a\", 1"
---
builtins.elemAt [ 1 ] (-1)  ### "'builtins.elemAt': there is no element -1 in a list of 1"
---
map 1 [ 1 ]  ### "'builtins.map' needs a function, but this is an integer: 1"
---
builtins.genList 1 0  ### "'builtins.genList' needs a function, but this is an integer: 1"
---
builtins.any (x: 1) [ 1 ]  ### "the function given to 'builtins.any' needs a Boolean, but this is an integer: 1"
---
builtins.partition (x: x) [ 1 ]  ### "the function given to 'builtins.partition' needs a Boolean, but this is an integer: 1"
---
builtins.concatMap (x: 1) [ 1 ]  ### "'builtins.concatMap' needs lists, but this is an integer: 1"
---
builtins.concatLists [ 1 ]  ### "'builtins.concatLists' needs lists, but this is an integer: 1"
---
builtins.head 1  ### "'builtins.head' needs a list, but this is an integer: 1"
---
builtins.all 1 []  ### "'builtins.all' needs a function, but this is an integer: 1"
---
builtins.any 1 []  ### "'builtins.any' needs a function, but this is an integer: 1"
---
builtins.partition 1 []  ### "'builtins.partition' needs a function, but this is an integer: 1"
---
builtins.groupBy 1 []  ### "'builtins.groupBy' needs a function, but this is an integer: 1"
---
builtins.foldl' 1 0 []  ### "'builtins.foldl'' needs a function, but this is an integer: 1"
---
builtins.concatMap 1 []  ### "'builtins.concatMap' needs a function, but this is an integer: 1"
---
builtins.filter 1 [1]  ### "'builtins.filter' needs a function, but this is an integer: 1"
---
builtins.genericClosure { startSet = [ 1 ]; operator = 1; }  ### "'builtins.genericClosure' needs sets, but this is an integer: 1"
---
builtins.genericClosure { startSet = [ { key = { }; } { key = { }; } ]; operator = x: [ ]; }  ### "a key given to 'builtins.genericClosure' cannot be a set: { }"
---
builtins.genericClosure { startSet = [ { key = 1; } { key = "a"; } ]; operator = x: [ ]; }  ### "the keys given to 'builtins.genericClosure' must be of one kind"
---
[ (x: x) ] < [ (x: x) ]  ### "a function cannot be compared with a function: <function>, <function>"
