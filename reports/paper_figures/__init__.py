"""The paper's Figures 1 to 4 drawn from what was measured; what could not be measured says why."""
