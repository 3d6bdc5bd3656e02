"""Functions that add the steps of each stage to a simulated dispute, one module per stage. The module `probabilities` determines how often they are called."""
