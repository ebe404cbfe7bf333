// The page's life: read the data, show the frame, compute forwards and backwards without ever holding up
// whoever is already looking.

const data = JSON.parse(document.getElementById("data").textContent);
const VIEWS = [viewOneNumber, viewRace, viewBackwards, viewMap, viewOnePixelApart, viewBends, viewWhyLinear];

// What has been computed.  forward: {values, caches}; backward: {grads, flowing, image}.
const lab = {
  layers: data.layers,
  byName: Object.fromEntries(data.layers.map((layer) => [layer.name, layer])),
  params: null,
  pixels: null,
  x: null,
  forward: null,
  backward: null,
  probabilities: null,
  predicted: -1,
  label: data.label,
  loss: null,
  progress: 0,
  failed: "",
};

async function start() {
  lab.pixels = await pixelsOf(data.image);
  lab.picture = photographOf(data.image, lab.pixels);
  readAddress();
  buildFrame();
  drawPage();
  performance.mark("first view");
  addEventListener("hashchange", () => (readAddress(), drawPage()));
  const colourScheme = matchMedia("(prefers-color-scheme: dark)");
  colourScheme.addEventListener("change", () => ((colours = null), drawPage()));
  try {
    await computeAll();
  } catch (error) {
    lab.failed = String(error.message ?? error);
    drawPage();
    throw error;
  }
}

async function computeAll() {
  await breath();
  lab.params = await run(parametersOf(data.weights));
  lab.x = imageOf(data.image, lab.pixels, data.preprocessing);
  lab.forward = await run(forwardPass(lab.layers, lab.params, lab.x, {}), progressed);
  const last = lab.forward.values[lab.layers.at(-1).name];
  const isClassifier = data.model.top && last.shape.length === 2;
  if (isClassifier) {
    lab.predicted = last.data.reduce((best, value, k) => (value > last.data[best] ? k : best), 0);
    lab.label ??= lab.predicted;
    Object.assign(lab, lossAndGradient(last, lab.label));
  }
  settle();
  drawPage();
  performance.mark("computed");
  if (!isClassifier) return;
  lab.progress = 0;
  lab.backward = await run(backwardPass(lab.layers, lab.forward, lab.dlogits), progressed);
  drawPage();
  performance.mark("gradient");
}

// Redraws the sentence alone, and not for every step.
function progressed(share) {
  if (share - lab.progress < 0.02) return;
  lab.progress = share;
  const sentence = FRAME.foot.querySelector(".sentence");
  if (sentence) sentence.textContent = sentenceOf(VIEWS[state.v - 1]);
}

function photographOf({ height, width, channels }, bytes) {
  const canvas = document.createElement("canvas");
  [canvas.height, canvas.width] = [height, width];
  const picture = new ImageData(width, height);
  for (let p = 0; p < height * width; p++) {
    for (let k = 0; k < 3; k++) picture.data[4 * p + k] = bytes[p * channels + (channels === 3 ? k : 0)];
    picture.data[4 * p + 3] = 255;
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
  return canvas;
}

start();
