"""An app that tests install in processes of their own: its subscriber does to them what no test process survives."""
