"""HTTP as every shared tier speaks it: addresses, connections, time-outs, pace."""
