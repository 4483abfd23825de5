"the lib of far"
