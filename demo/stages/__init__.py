"""The steps of each stage of a simulated dispute, one stage a file. Each function adds steps to the dispute; `probabilities` says how often."""
