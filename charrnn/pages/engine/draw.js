/** Random numbers and draws, as in charrnn/kernels/draw.py: the same seed draws the same text. */

const MASK = (1n << 64n) - 1n;

const rotated = (x, bits) => ((x << bits) | (x >> (64n - bits))) & MASK;

const STREAM = 0xd1342543de82ef95n;

/** The seed of text `number`, from 0, of several that are drawn with one seed. */
export const subSeed = (seed, number) =>
  number ? new Random(BigInt(seed) + BigInt(number) * STREAM).state[0] >> 11n : seed;

/** xoshiro256** (Blackman and Vigna 2018), seeded by SplitMix64. */
export class Random {
  constructor(seed) {
    let x = BigInt(seed) & MASK;
    this.state = [0, 0, 0, 0].map(() => {
      x = (x + 0x9e3779b97f4a7c15n) & MASK;
      let z = ((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
      z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
      return z ^ (z >> 31n);
    });
  }

  /** The next number in [0, 1). */
  next() {
    const s = this.state;
    const result = (rotated((s[1] * 5n) & MASK, 7n) * 9n) & MASK;
    const shifted = (s[1] << 17n) & MASK;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotated(s[3], 45n);
    return Number(result >> 11n) * 2 ** -53;
  }
}

/** The place of the largest number, the first of equals. */
export function largest(numbers) {
  let best = 0;
  for (let i = 1; i < numbers.length; i++) if (numbers[i] > numbers[best]) best = i;
  return best;
}

/** Places of the largest numbers, the largest first; of equals, the first one comes first. */
export function ranked(numbers, count = numbers.length) {
  if (count > numbers.length / 4) {
    const order = Array.from(numbers, (_, i) => i).sort((i, j) => numbers[j] - numbers[i] || i - j);
    return order.slice(0, count);
  }
  const places = [];
  for (let i = 0; i < numbers.length; i++) {
    if (places.length === count && !(numbers[i] > numbers[places[count - 1]])) continue;
    let at = Math.min(places.length, count - 1);
    for (; at > 0 && numbers[i] > numbers[places[at - 1]]; at--) places[at] = places[at - 1];
    places[at] = i;
  }
  return places;
}

/** Log of the sum of exponentials, which turns logits into log probabilities: ln p[v] = logits[v] - logSum(logits). */
export function logSum(logits) {
  const top = logits[largest(logits)];
  let sum = 0;
  for (let v = 0; v < logits.length; v++) sum += Math.exp(logits[v] - top);
  return Math.log(sum) + top;
}

/** Keep the largest weights, at most `most`, until they sum to `mass`, and set the others to 0; the sum of the kept. */
function keepLargest(weights, most, mass) {
  let total = 0;
  ranked(weights).forEach((v, place) => {
    if (place < most && total < mass) total += weights[v];
    else weights[v] = 0;
  });
  return total;
}

/**
 * Draw a symbol.
 *
 * @param rules `temperature`, 0 for the most probable symbol; `topK`, 0 for all; `topP`, 1 for all; `minP`, 0 for all
 */
export function draw(logits, { temperature = 0.8, topK = 0, topP = 1, minP = 0 }, random) {
  const best = largest(logits);
  if (temperature === 0) return best;
  const weights = new Float32Array(logits.length);
  let total = 0;
  for (let v = 0; v < weights.length; v++) {
    weights[v] = Math.exp(Math.fround((logits[v] - logits[best]) / temperature));
    total += weights[v];
  }
  if (topK > 0 && topK < weights.length) total = keepLargest(weights, topK, total);
  if (topP < 1) total = keepLargest(weights, weights.length, topP * total);
  if (minP > 0) {
    const least = minP * weights[best];
    total = 0;
    for (let v = 0; v < weights.length; v++) {
      if (weights[v] < least) weights[v] = 0;
      total += weights[v];
    }
  }
  let point = random.next() * total;
  let chosen = best;
  for (let v = 0; v < weights.length; v++) {
    if (weights[v] > 0) {
      chosen = v; // kept if rounding places the point beyond the last interval
      point -= weights[v];
      if (point < 0) break;
    }
  }
  return chosen;
}
