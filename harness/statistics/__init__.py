"""The statistics of a comparison, one idea a file; numpy, and scipy where it is used.

`paired` the claim · `blocks` the screening · `holm` many contrasts at once · `equivalence` to say "same" ·
`power` what a plan can see · `ranks` exact tests where a run diverged · `tiers` instead of ranks · `summary` one arm ·
`ratio` a share with its interval · `factorial` effects · `several` tasks · `scaling` sizes.

A loss is a float, lower is better, and infinite where the run diverged.
"""
