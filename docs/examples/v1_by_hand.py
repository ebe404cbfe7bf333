"""MobileNetV1 by hand: forward, backward and SGD in plain NumPy, with nothing hidden.

    python docs/examples/v1_by_hand.py

learns from small pictures of clothes for about ten seconds, then names 1,000 that it has not seen.
Read it from top to bottom: seven kinds of layer; the network, a list of them; the loss; the loop.

Maps are (N, H, W, C): images, rows, columns, channels.  dx is the gradient of the loss with respect
to x.  Every layer gives y and a function `back`, which makes of dy the layer's dx and the gradients
of its own arrays.  kernels/ has the same formulas for every size, stride and padding, one file an
operator, and how each becomes fast.
"""

import time

import numpy as np

from npmobilenet.data import fashion_mnist_arrays

# the first rows of the paper's Table 1: the channels that a block gives, at width 1, and its stride
BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)]
PIXELS = (0, 1, 2)  # the axes of all pixels of all images

# --- convolutions: 3 x 3 with a border of zeros, and 1 x 1 ---------------------------------------


def padded(x):
    return np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))


def taps(x, stride):
    """{(u, v): the pixels of a padded x that the filter's element (u, v) meets, as a view}"""
    H, W = x.shape[1] - 2, x.shape[2] - 2
    return {(u, v): x[:, u : u + H : stride, v : v + W : stride] for u, v in np.ndindex(3, 3)}


def conv(x, p, stride, _):
    """Standard: y[i, j, o] = sum_uvm x[s*i + u, s*j + v, m] w[u, v, m, o].  Only the first layer.

    Backwards every product x * w sends dy both ways: dy * x to its w, dy * w to its x.
    """
    seen, w = taps(padded(x), stride), p["weight"]

    def back(dy):
        dx = padded(np.zeros_like(x))
        met = taps(dx, stride)  # views: what is added to them is added to dx
        for tap in met:
            met[tap] += dy @ w[tap].T
        dw = [np.tensordot(seen[tap], dy, (PIXELS, PIXELS)) for tap in seen]
        return dx[:, 1:-1, 1:-1], {"weight": np.reshape(dw, w.shape)}

    return sum(seen[tap] @ w[tap] for tap in seen), back


def depthwise(x, p, stride, _):
    """One filter a channel: y[i, j, m] = sum_uv x[s*i + u, s*j + v, m] w[u, v, m]; * for conv's @."""
    seen, w = taps(padded(x), stride), p["weight"]

    def back(dy):
        dx = padded(np.zeros_like(x))
        met = taps(dx, stride)
        for tap in met:
            met[tap] += dy * w[tap]
        dw = [(seen[tap] * dy).sum(PIXELS) for tap in seen]
        return dx[:, 1:-1, 1:-1], {"weight": np.reshape(dw, w.shape)}

    return sum(seen[tap] * w[tap] for tap in seen), back


def pointwise(x, p, *_):
    """1 x 1: the channels of each pixel are mixed, y = x @ w.  Most of a MobileNet's work."""
    w = p["weight"]

    def back(dy):
        return dy @ w.T, {"weight": np.tensordot(x, dy, (PIXELS, PIXELS))}

    return x @ w, back


# --- what stands between and behind them ---------------------------------------------------------


def norm(x, p, _, train):
    """Batch normalisation: each channel to mean 0 and variance 1, then times gamma, plus beta.

    While learning, mean and variance are the batch's own; a prediction may not depend on what else
    is in the batch, and takes averages over the batches before, kept beside gamma and beta.
    """
    mean, variance = (x.mean(PIXELS), x.var(PIXELS)) if train else (p["mean"], p["variance"])
    if train:
        p["mean"] += 0.1 * (mean - p["mean"])
        p["variance"] += 0.1 * (variance - p["variance"])
    gamma, deviation = p["gamma"], np.sqrt(variance + 1e-5)
    xhat = (x - mean) / deviation

    def back(dy):  # two terms more than a scaling has: each x moves its channel's mean and variance
        count, dbeta, dgamma = dy.size / len(gamma), dy.sum(PIXELS), (dy * xhat).sum(PIXELS)
        dx = gamma / deviation * (dy - dbeta / count - xhat * (dgamma / count))
        return dx, {"gamma": dgamma, "beta": dbeta}

    return gamma * xhat + p["beta"], back


def relu(x, *_):
    return np.maximum(x, 0), lambda dy: (dy * (x > 0), {})


def pool(x, *_):
    """The mean over each image's pixels, (N, H, W, C) -> (N, C); backwards all have equal shares."""
    share = np.full((1, *x.shape[1:3], 1), 1 / (x.shape[1] * x.shape[2]), x.dtype)
    return x.mean((1, 2)), lambda dy: (dy[:, None, None] * share, {})


def dense(x, p, *_):
    """The classifier: a score for each class, y = x @ w + bias."""
    w = p["weight"]
    return x @ w + p["bias"], lambda dy: (dy @ w.T, {"weight": x.T @ dy, "bias": dy.sum(0)})


# --- the network: a list of layers and a dict of arrays ------------------------------------------


def build(width, rng):
    """layers, a list of (function, name, stride); params, {layer's name: {array's name: array}}."""
    layers, params = [], {}

    def add(layer, name="", stride=1, **arrays):
        layers.append((layer, name, stride))
        params[name] = {key: np.asarray(a, np.float32) for key, a in arrays.items()}

    def drawn(*shape, fan_in):  # He et al. 2015: this variance survives any number of ReLUs
        return rng.standard_normal(shape) * np.sqrt(2 / fan_in)

    def norm_relu(name, c):
        add(norm, name, gamma=np.ones(c), beta=np.zeros(c), mean=np.zeros(c), variance=np.ones(c))
        add(relu)

    m = int(32 * width)
    add(conv, "stem", 2, weight=drawn(3, 3, 1, m, fan_in=9))
    norm_relu("stem_norm", m)
    for number, (channels, stride) in enumerate(BLOCKS, start=1):
        block, o = f"blocks.{number}", int(channels * width)
        add(depthwise, f"{block}.depthwise", stride, weight=drawn(3, 3, m, fan_in=9))
        norm_relu(f"{block}.depthwise_norm", m)
        add(pointwise, f"{block}.pointwise", weight=drawn(m, o, fan_in=m))
        norm_relu(f"{block}.pointwise_norm", o)
        m = o
    add(pool)
    add(dense, "classifier", weight=drawn(m, 10, fan_in=2 * m), bias=np.zeros(10))
    return layers, params


def forward(layers, params, x, train):
    """Scores, and a tape: the layers that ran, each with what takes it backwards."""
    tape = []
    for layer, name, stride in layers:
        x, back = layer(x, params[name], stride, train)
        tape.append((name, back))
    return x, tape


def backward(dy, tape):
    """The gradients of all arrays, from the scores': the tape, read from its end."""
    grads = {}
    for name, back in reversed(tape):
        dy, grads[name] = back(dy)
    return grads


def cross_entropy(scores, labels):
    """Mean of -log(the right class's probability); its gradient, (probabilities - truth) / N."""
    e = np.exp(scores - scores.max(axis=1, keepdims=True))  # the shift cancels; nothing overflows
    p, rows = e / e.sum(axis=1, keepdims=True), np.arange(len(labels))
    loss = -np.log(p[rows, labels]).mean()
    p[rows, labels] -= 1
    return loss, p / len(labels)


# --- learning ------------------------------------------------------------------------------------


def main(images=10_000, epochs=3, batch=50, width=0.25, lr=0.2):
    """Learn, and name the test images; the share that is named right."""
    rng, data = np.random.default_rng(0), fashion_mnist_arrays()
    x, test = (np.float32(a)[..., None] / 255 for a in (data.train_images, data.test_images))
    layers, params = build(width, rng)
    velocity, started, steps = {}, time.perf_counter(), images // batch
    for epoch in range(epochs):
        losses = []
        for number, chosen in enumerate(np.split(rng.permutation(images), steps)):
            scores, tape = forward(layers, params, x[chosen], train=True)
            loss, dscores = cross_entropy(scores, data.train_labels[chosen])
            losses.append(loss)
            rate = lr * (1 - (epoch + number / steps) / epochs)  # down to zero in a straight line
            for name, grads in backward(dscores, tape).items():  # SGD with momentum
                for key, gradient in grads.items():
                    v = velocity[name, key] = 0.9 * velocity.get((name, key), 0) + gradient
                    params[name][key] -= rate * v
        seconds = time.perf_counter() - started
        print(f"epoch {epoch + 1}  loss {np.mean(losses):.3f}  {seconds:.1f} s")
    scores, _ = forward(layers, params, test, train=False)
    right = (scores.argmax(axis=1) == data.test_labels).mean()
    print(f"{right:.1%} of {len(test):,} test images are named right; by chance it would be 10 %")
    return right


if __name__ == "__main__":
    main()
