"""The fourth rung: vectors and registers by name.

    lanes.py      how many numbers a vector of this CPU holds, and how many vectors it can keep
    vector.py     the vector as a type that compiled Python can use: load, fma, store, ...
    product.py    the register tile of a matrix product
    window.py     the register tile of a depthwise convolution
    team.py       how several threads share the work without waiting for a late one
    stages.py     the steps of a network built from these tiles (stage_*.py)
    network.py    a whole network in one parallel region
    plain.py      products over plain NHWC arrays, and depthwise convolutions (plain_windows.py)
    train_*.py    what training needs beside: units for both passes, optimisers

docs/performance.md draws the ideas.  Unlike its neighbours this folder imports Numba when it is imported.
"""
