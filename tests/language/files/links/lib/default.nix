"the lib of links"
