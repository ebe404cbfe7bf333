// All operators by the names they have in npmobilenet.ops, for the tests, which hold them equal to the
// formulas there: forward(arrays, settings) and backward(dy, cache), arrays and gradients by name.

const OPERATORS = {
  conv2d: { forward: ({ x, w, b }, settings) => conv2d(x, w, b, settings), backward: conv2dBackward },
  depthwise_conv2d: {
    forward: ({ x, w, b }, settings) => depthwiseConv2d(x, w, b, settings),
    backward: depthwiseConv2dBackward,
  },
  grouped_conv2d: {
    forward: ({ x, w, b }, settings) => groupedConv2d(x, w, b, settings),
    backward: groupedConv2dBackward,
  },
  pointwise_conv2d: {
    forward: ({ x, w, b }, settings) => pointwiseConv2d(x, w, b, settings),
    backward: pointwiseConv2dBackward,
  },
  dense: { forward: ({ x, w, b }) => dense(x, w, b), backward: denseBackward },
  batch_norm: {
    forward: ({ x, gamma, beta }, settings) => batchNorm(x, gamma, beta, settings),
    backward: batchNormBackward,
  },
  avg_pool2d: {
    forward: ({ x }, settings) => averagePool(x, settings.kernel_size, settings),
    backward: averagePoolBackward,
  },
  max_pool2d: {
    forward: ({ x }, settings) => maxPool(x, settings.kernel_size, settings),
    backward: maxPoolBackward,
  },
  global_avg_pool: { forward: ({ x }) => globalAvgPool(x), backward: globalAvgPoolBackward },
  dropout: { forward: ({ x }, settings) => dropout(x, settings), backward: dropoutBackward },
  add: { forward: ({ a, b }) => add(a, b), backward: addBackward },
  scale_channels: { forward: ({ x, g }) => scaleChannels(x, g), backward: scaleChannelsBackward },
  softmax_cross_entropy: {
    forward: ({ logits }, { labels, label_smoothing }) =>
      softmaxCrossEntropy(logits, labels, { labelSmoothing: label_smoothing }),
    backward: softmaxCrossEntropyBackward,
  },
};

for (const name of Object.keys(ACTIVATIONS))
  OPERATORS[name] = {
    forward: ({ x }, { slope }) => activation(name, x, slope),
    backward: activationBackward,
  };
