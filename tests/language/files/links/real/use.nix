[ (import ../lib) ./x ]
