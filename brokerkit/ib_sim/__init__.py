"""The broker `ib-sim`: the IB plugin on a simulated Gateway of its own, which can be broken on purpose."""
