// The network: its layers in order forwards, in the opposite order backwards.
//
// A layer is a description (name, kind, inputs, ...), the arrays are in `params` under "stem.weight" and
// the like.  Everything is evaluation, one image or several.

// What each kind of layer hands to its operator; `of` gives a parameter by its short name, or null.
const FORWARD = {
  conv: (layer, of, x) => conv2d(x, of("weight"), of("bias"), layer),
  depthwise: (layer, of, x) => depthwiseConv2d(x, of("weight"), of("bias"), layer),
  grouped_conv: (layer, of, x) => groupedConv2d(x, of("weight"), of("bias"), layer),
  pointwise: (layer, of, x) => pointwiseConv2d(x, of("weight"), of("bias")),
  dense: (layer, of, x) => dense(x, of("weight"), of("bias")),
  batch_norm: (layer, of, x) =>
    batchNorm(x, of("gamma"), of("beta"), { mean: of("mean"), variance: of("variance"), eps: layer.eps }),
  activation: (layer, of, x) => activation(layer.function, x, layer.slope ?? undefined),
  average_pool: (layer, of, x) => averagePool(x, layer.kernel, layer),
  max_pool: (layer, of, x) => maxPool(x, layer.kernel, layer),
  global_pool: (layer, of, x) => globalAvgPool(x),
  dropout: (layer, of, x) => dropout(x, layer),
  add: (layer, of, a, b) => add(a, b),
  scale: (layer, of, x, g) => scaleChannels(x, g),
};

// Its gradients: of its inputs in their order, and of its arrays by their short names.
const BACKWARD = {
  conv: [conv2dBackward, ["dx"], { weight: "dw", bias: "db" }],
  depthwise: [depthwiseConv2dBackward, ["dx"], { weight: "dw", bias: "db" }],
  grouped_conv: [groupedConv2dBackward, ["dx"], { weight: "dw", bias: "db" }],
  pointwise: [pointwiseConv2dBackward, ["dx"], { weight: "dw", bias: "db" }],
  dense: [denseBackward, ["dx"], { weight: "dw", bias: "db" }],
  batch_norm: [batchNormBackward, ["dx"], { gamma: "dgamma", beta: "dbeta" }],
  activation: [activationBackward, ["dx"], {}],
  average_pool: [averagePoolBackward, ["dx"], {}],
  max_pool: [maxPoolBackward, ["dx"], {}],
  global_pool: [globalAvgPoolBackward, ["dx"], {}],
  dropout: [dropoutBackward, ["dx"], {}],
  add: [addBackward, ["da", "db"], {}],
  scale: [scaleChannelsBackward, ["dx", "dg"], {}],
};

// -> {values: {layer name: what it puts out}, caches}.  With `known`, an earlier result, and `from`, the
// name of the first layer that changes, only that layer and what depends on it is computed again.
function* forwardPass(layers, params, x, { known = null, from = null, caches: kept = true } = {}) {
  const values = { image: x };
  const caches = {};
  const changed = new Set();
  const share = sharesOf(layers);
  for (const [k, layer] of layers.entries()) {
    const { name, inputs } = layer;
    const again = !known || name === from || inputs.some((input) => changed.has(input));
    if (again) {
      changed.add(name);
      const of = (short) => params[`${name}.${short}`] ?? null;
      const operator = FORWARD[layer.kind](layer, of, ...inputs.map((input) => values[input]));
      const { y, cache } = yield* asPart(operator, share[k], share[k + 1]);
      values[name] = y;
      if (kept) caches[name] = cache;
    } else {
      values[name] = known.values[name];
      if (kept) caches[name] = known.caches[name];
    }
  }
  return { values, caches };
}

// dlogits: the gradient of the last layer's output -> {grads: {"stem.weight": ...}, flowing: {layer name:
// the gradient of what it puts out}, image: that of the image}.
function* backwardPass(layers, forward, dlogits) {
  const grads = {};
  const flowing = { [layers.at(-1).name]: dlogits };
  const share = sharesOf(layers);
  for (const [k, layer] of [...layers.entries()].reverse()) {
    const [operator, ofInputs, ofArrays] = BACKWARD[layer.kind];
    const gradient = operator(flowing[layer.name], forward.caches[layer.name]);
    const found = yield* asPart(gradient, 1 - share[k + 1], 1 - share[k]);
    for (const [short, key] of Object.entries(ofArrays))
      if (found[key]) grads[`${layer.name}.${short}`] = found[key];
    for (const [place, input] of layer.inputs.entries()) {
      const dinput = found[ofInputs[place]];
      // what two layers have read receives the sum of both gradients
      flowing[input] = input in flowing ? finish(add(flowing[input], dinput)).y : dinput;
    }
  }
  const { image, ...ofLayers } = flowing;
  return { grads, flowing: ofLayers, image };
}

// Where on the way from 0 to 1 each layer begins, by what there is to compute; one entry more for the end.
function sharesOf(layers) {
  const begins = [0];
  for (const layer of layers) begins.push(begins.at(-1) + layer.macs + 4 * sizeOf(layer.output));
  return begins.map((begin) => begin / begins.at(-1));
}

const AT_A_STRETCH = 50; // milliseconds of computing before the browser may draw, and hear a key

// Drives a generator to its end with pauses, the first before it begins and the last after it has ended,
// so that what is drawn before and after is a task of its own.  onProgress is told the share that is done.
async function run(generator, onProgress = () => {}) {
  for (;;) {
    await breath();
    const started = performance.now();
    let step = generator.next();
    while (!step.done && performance.now() - started < AT_A_STRETCH) step = generator.next();
    if (step.done) {
      await breath();
      return step.value;
    }
    onProgress(step.value);
  }
}

// Resolves after whatever else waits for the page has had its turn.
function breath() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => (port1.close(), resolve());
    port2.postMessage(0);
  });
}
