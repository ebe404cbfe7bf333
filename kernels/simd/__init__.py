"""The fourth rung: vectors and registers by name.

    isa/        lanes of a vector and registers of this CPU; the vector as a type of compiled Python
    tiles/      the microkernels: each inner loop once, with what is done before and after it
    tuning.py   block sizes, and what each was measured on
    nhwc/       operators called one by one: products and depthwise convolutions of NHWC arrays
    infer/      the stages of a compiled network
    train/      the stages of a compiled training step
    integer/    8-bit integers: their microkernels, stages and operators
    runtime/    work items, and how several threads share them without waiting for a late one

docs/performance.md draws the ideas, docs/microkernels.md has the contracts.  Unlike its neighbours this
folder imports Numba when it is imported, but for activation.py.
"""
