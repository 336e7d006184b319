"""The broker `ib-sim`: the IB plugin on its own simulated Gateway, which can be broken on purpose."""
