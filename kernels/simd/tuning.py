"""Block sizes: what fits into the registers and caches, each with what it was measured on.

What was measured on one processor only says so, 2 cores of "Intel": Sapphire Rapids, 48 KiB L1,
2 MiB L2; or "AMD": Zen 4, 32 KiB L1, 1 MiB L2.
"""

from .isa.lanes import LANES, REGISTERS

# MR for every NR (vectors of channels).  A microkernel keeps MR x NR sums in registers and needs room for
# the weights and the element they are multiplied with.  The nearer to a square, the fewer loads for a
# multiplication; the narrow ones are for what is left over of the channels.  MobileNets' maps are
# multiples of 7: 14 rows leave nothing over.  (Intel and AMD; a square 6 x 4 for long products.)
TILES = {4: 6, 3: 8, 2: 14, 1: 14} if REGISTERS == 32 else {3: 4, 2: 6, 1: 12}

UNROLL = min(8, LANES)  # steps of K in a turn of the loop at inference (Intel)
TRAIN_UNROLL = 4  # in training, where shapes vary more (Intel)
PANEL_LINES_AHEAD = 2  # cache lines of the next micropanel asked for in a turn (Intel)
ROW_BYTES_AHEAD = 4096  # how far ahead a single row, which reads a panel once, asks (Intel)
PIXELS = 7  # neighbours in a depthwise microkernel: maps are multiples of 7
TRAIN_PIXELS = (7, 4)  # or powers of two, as at 32 x 32
TRAIN_ITEMS = 16  # a stage of training has so many work items, if it can be cut into so many
TRAIN_SCRATCH = 640 * 1024  # bytes of a member's scratch: a part of L2 (Intel)
TRAIN_TILE = 256  # pixels done at once where nothing is multiplied: 16 KiB of a map stay in L1
GRADIENT_SHARES = 8 * 2**20  # bytes of the shares of one weight's gradient, which are read again
NHWC_STRETCH = 128  # of a sum: its part of a panel fits L1, and a short sum rounds less (Intel)
NHWC_SHARES = 16  # parts of a long sum that threads may make at the same time
GRAIN = 6  # pixels: work is not cut finer, or the edge cases cost more than they share out

# Inference (all Intel): bytes of a band in a member's scratch between depthwise and pointwise, a part of
# L2; and with the expanded rows that it sees.
BAND = 208 * 1024
EXPANDED_BAND = 704 * 1024
MOST = 700 * 1024  # weights of a pointwise convolution that is still done band by band
LARGE = 400_000  # elements of an expanded map that is not written to memory as a whole
# pixels: with fewer, weights are more than the map, and tall microkernels read them less often
FEW_PIXELS = 64
# tiles of GRAIN pixels for each thread: with fewer, threads share the weights and not the pixels
FEW_TILES = 12
