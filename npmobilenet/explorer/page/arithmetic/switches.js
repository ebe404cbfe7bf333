// The same network with one switch thrown: what frameworks do differently, and what papers advise against.
//
//     padding     "same" or "symmetric", of every convolution that slides a window
//     eps         of every batch normalisation
//     relu        "relu" or "relu6", in place of either
//     gateSlope   of every hard sigmoid: 1/6, or 0.2
//     projection  an activation behind every projection, which V2 leaves linear

function switched(layers, { padding, eps, relu: kink, gateSlope, projection }) {
  const changed = layers.map((layer) => {
    const windowed = ["conv", "depthwise", "grouped_conv"].includes(layer.kind);
    const clips = layer.function === "relu" || layer.function === "relu6";
    if (padding && windowed) return withPadding(layer, padding);
    if (eps !== undefined && layer.kind === "batch_norm") return { ...layer, eps };
    if (kink && clips) return { ...layer, function: kink, operator: kink };
    if (gateSlope && layer.function === "hard_sigmoid") return { ...layer, slope: gateSlope };
    return layer;
  });
  return projection ? withBentProjections(changed, projection) : changed;
}

function withPadding(layer, padding) {
  const { sides, output } = windowOf(layer.input.slice(0, 2), layer.kernel, layer.stride, padding);
  return { ...layer, padding, sides, output: [...output, layer.output[2]] };
}

// A layer more behind each "...project_norm"; whoever read that one reads the new one.
function withBentProjections(layers, name) {
  const bends = (layer) => layer.name.endsWith(".project_norm");
  const bent = (input) => (input.endsWith(".project_norm") ? input.replace("_norm", "_activation") : input);
  return layers.flatMap((layer) => {
    const rewired = { ...layer, inputs: layer.inputs.map(bent) };
    return bends(layer) ? [rewired, activationBehind(layer, bent(layer.name), name)] : [rewired];
  });
}

function activationBehind({ name: input, output, block }, name, kink) {
  const own = { name, inputs: [input], input: output, output, block, macs: 0, arrays: {}, statistics: {} };
  return { ...own, kind: "activation", operator: kink, function: kink, slope: null };
}
