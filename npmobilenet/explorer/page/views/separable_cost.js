// One separable convolution, put in numbers: MobileNetV1's equations 2 to 7 for any sizes.
//
//     const found = separableCost({ k: 3, m: 64, n: 128, df: 7 });
//     found.standard.macs   // 3612672n
//     found.separable.macs  //  429632n
//     found.ratio           // 137/1152 = 1/128 + 1/9, as {over: 137n, under: 1152n}
//
// Everything is a BigInt or a fraction of two, so equal means equal.

// A K x L convolution of m channels to n on a map of df = (I, J) output pixels, after alpha and rho.
//   k, df       one positive integer, or [height, width]
//   alpha, rho  a number as it is written: 0.7 is 7/10; "3/4" is three quarters
// alpha takes both channel counts to the whole number below, at least 1; rho takes the map's sides to the
// nearest, halves upwards, at least 1: m, n and df of the result are the scaled ones.
function separableCost({ k, m, n, df, alpha = 1, rho = 1 }) {
  const scales = { alpha: exactly(alpha), rho: exactly(rho) };
  const channels = (count) => atLeastOne((BigInt(count) * scales.alpha.over) / scales.alpha.under);
  const side = (size) => nearestWhole(BigInt(size) * scales.rho.over, scales.rho.under);
  const sizes = { k: pairOf(k).map(BigInt), m: channels(m), n: channels(n), df: pairOf(df).map(side) };
  return { ...sizes, ...scales, ...countedWays(sizes) };
}

function countedWays({ k: [K, L], m, n, df }) {
  const standard = counted(df, K, L, m, n); // equation 2: every filter sees all m channels
  const depthwise = counted(df, K, L, m); // equation 4: one filter for each channel
  const pointwise = counted(df, m, n); // the second half of equation 5: every pixel's channels are mixed
  const separable = {
    macs: depthwise.macs + pointwise.macs,
    weights: depthwise.weights + pointwise.weights,
    terms: [...depthwise.terms, ...pointwise.terms],
  };
  return {
    standard, depthwise, pointwise, separable,
    formula: exactSum(exactFraction(1n, n), exactFraction(1n, K * L)), // 1/N + 1/(K L)
    ratio: exactFraction(separable.macs, standard.macs), // by counting multiplications
    weightsRatio: exactFraction(separable.weights, standard.weights), // and by counting weights
  };
}

// Weights are a product, and each of them multiplies once for every pixel of the map.
function counted(df, ...factors) {
  const weights = factors.reduce((product, factor) => product * factor, 1n);
  return { macs: weights * df[0] * df[1], weights, terms: [[...factors, ...df]] };
}

function atLeastOne(count) {
  return count < 1n ? 1n : count;
}

// over/under to the nearest whole number: the whole number below over/under + 1/2
function nearestWhole(over, under) {
  return atLeastOne((2n * over + under) / (2n * under));
}

// A fraction in lowest terms.
function exactFraction(over, under) {
  const shared = commonDivisor(over, under);
  return { over: over / shared, under: under / shared };
}

function commonDivisor(a, b) {
  return b === 0n ? a : commonDivisor(b, a % b);
}

function exactSum(a, b) {
  return exactFraction(a.over * b.under + b.over * a.under, a.under * b.under);
}

// What a positive number means as it is written: "0.714" is 714/1000, "1e-3" a thousandth, "3/4" itself.
function exactly(written) {
  const found = /^(\d+)(?:\/(\d+)|(?:\.(\d*))?(?:e([+-]?\d+))?)$/i.exec(String(written));
  if (!found) throw new RangeError(`separable: expected a number above 0, found ${written}`);
  const [, before, under, after = "", power = "0"] = found;
  if (under) return exactFraction(BigInt(before), BigInt(under));
  const shift = BigInt(power) - BigInt(after.length);
  const digits = BigInt(before + after);
  return shift < 0n ? exactFraction(digits, 10n ** -shift) : exactFraction(digits * 10n ** shift, 1n);
}

// "137/1152", and "2" where the lower number is 1
function fractionText({ over, under }) {
  return under === 1n ? String(over) : `${over}/${under}`;
}
