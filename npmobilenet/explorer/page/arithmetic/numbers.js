// Arrays of numbers, and how they come out of the page's data.
//
// An array is {shape, data}: the sizes of its axes, and a Float64Array of its numbers with the last axis
// running fastest.  Maps are (N, H, W, C): image n, row i, column j, channel c stands at
// ((n H + i) W + j) C + c, so the channels of one pixel are neighbours in memory.
//
// What takes long is a generator: it yields now and then, the share of its work that is done, 0 to 1,
// so that whoever drives it may let the browser breathe.  What it returns at its end is the result.

function array(shape, data = new Float64Array(sizeOf(shape))) {
  return { shape, data };
}

function sizeOf(shape) {
  return shape.reduce((product, size) => product * size, 1);
}

// Runs a generator to its end without a pause.
function finish(generator) {
  for (;;) {
    const step = generator.next();
    if (step.done) return step.value;
  }
}

// Runs a generator as a part of a longer piece of work: its shares 0 to 1 are told as `from` to `to`.
function* asPart(generator, from, to) {
  for (;;) {
    const step = generator.next();
    if (step.done) return step.value;
    yield from + (to - from) * step.value;
  }
}

// Work on `count` numbers that must not hold up the page, cut into stretches [from, to).
const STRETCH = 1 << 16;
function* stretches(count, stretch = STRETCH) {
  for (let from = 0; from < count; from += stretch) yield [from, Math.min(from + stretch, count)];
}

function decodeBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let k = 0; k < bytes.length; k++) bytes[k] = binary.charCodeAt(k);
  return bytes;
}

const BYTES = { float16: 2, float32: 4, float64: 8 };

// Little-endian numbers of a precision, each exactly as float64.
function decodeFloats(bytes, precision) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = new Float64Array(bytes.length / BYTES[precision]);
  if (precision === "float16")
    for (let k = 0; k < numbers.length; k++) numbers[k] = halfPrecision(view.getUint16(2 * k, true));
  else if (precision === "float32")
    for (let k = 0; k < numbers.length; k++) numbers[k] = view.getFloat32(4 * k, true);
  else for (let k = 0; k < numbers.length; k++) numbers[k] = view.getFloat64(8 * k, true);
  return numbers;
}

const POWERS = Array.from({ length: 31 }, (_, exponent) => 2 ** (exponent - 25));

// The number that 16 bits mean (IEEE 754): a sign, 5 bits of exponent, 10 bits of fraction.
function halfPrecision(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * POWERS[1]; // below the smallest normal number, and zero
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1024 + fraction) * POWERS[exponent];
}

// weights {precision, arrays: [[name, shape], ...], data} -> {name: array}.  A generator: a large network
// has 23 million letters.  They are read 2^20 at a time, which is a whole number of weights.
function* parametersOf({ precision, arrays, data }) {
  const numbers = new Float64Array(arrays.reduce((sum, [, shape]) => sum + sizeOf(shape), 0));
  let filled = 0;
  for (const [from, to] of stretches(data.length, 1 << 20)) {
    const part = decodeFloats(decodeBase64(data.slice(from, to)), precision);
    numbers.set(part, filled);
    filled += part.length;
    yield to / data.length;
  }
  let next = 0;
  const entry = ([name, shape]) => [name, array(shape, numbers.subarray(next, (next += sizeOf(shape))))];
  return Object.fromEntries(arrays.map(entry));
}

// The image's bytes, (H, W, C).  They come packed by zlib, each as its difference to the pixel on its left.
async function pixelsOf({ width, channels, packed }) {
  const stream = new Blob([decodeBase64(packed)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const row = width * channels;
  for (let k = 0; k < bytes.length; k++) if (k % row >= channels) bytes[k] += bytes[k - channels];
  return bytes;
}

// What the network sees, (1, H, W, C): x = (pixel / 255 - mean) / std, channel by channel.
function imageOf({ height, width, channels }, bytes, { mean, std }) {
  const x = array([1, height, width, channels]);
  for (let k = 0; k < bytes.length; k++) {
    const c = k % channels;
    x.data[k] = (bytes[k] / 255 - mean[c]) / std[c];
  }
  return x;
}
