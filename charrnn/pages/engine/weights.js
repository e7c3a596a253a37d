/**
 * A model's tensors in one block of memory, and the product of a matrix and a vector.
 *
 * Tensors are 32-bit floats, or 8-bit integers with a scale for each row. The product runs in WebAssembly with SIMD, or
 * in plain JavaScript where that is missing. It copies its operand into the block and its result out of it, so that all
 * other arrays are ordinary ones. For a matrix of integers it rounds the operand to 16 bits.
 */

const PAGE = 65536; // bytes of a page of the memory of WebAssembly

const padded = (bytes) => (bytes + 15) & ~15; // to whole vectors, two for integers that are multiplied as 16 bits

const LARGEST = 2 ** 15 - 1; // number of 16 bits

const MOST_SUMMED = 2 ** 26; // so many columns times a number of 16 bits cannot be too much for a sum of 32 bits

/** The bytes of a base64 text. */
export const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** The compiled product that works on this memory; undefined where WebAssembly or its SIMD is missing or forbidden. */
function compiled(kernel, memory) {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(kernel), { page: { memory } }).exports.product;
  } catch {
    return undefined;
  }
}

export class Weights {
  /**
   * @param layout for each tensor [name, shape, is it 8-bit], in the order of the bytes
   * @param bytes the tensors: each one's scales, if it is 8-bit, then its numbers, padded to a multiple of four bytes
   * @param kernel the bytes of product.wasm; without them the product is plain JavaScript
   */
  constructor(layout, bytes, kernel) {
    const strides = layout.map(([, shape, isSmall]) => padded(shape.at(-1) * (isSmall ? 1 : 4)));
    const sizes = layout.map(([, shape], i) => (shape.length > 1 ? shape[0] + 3 : 1) * strides[i]);
    const widest = padded(4 * Math.max(...layout.flatMap(([, shape]) => shape)) + 48);
    const pages = Math.ceil(sizes.reduce((sum, bytes) => sum + bytes, 2 * widest) / PAGE);
    const memory = kernel && globalThis.WebAssembly && new WebAssembly.Memory({ initial: pages });
    this.product = memory && compiled(kernel, memory);
    const block = this.product ? memory.buffer : new ArrayBuffer(pages * PAGE);
    this.numbers = new Float32Array(block);
    this.integers = new Int8Array(block);
    this.operand = this.numbers.subarray(0, widest / 4);
    this.rounded = new Int16Array(block, 0, widest / 2);
    this.result = new Float32Array(block, widest, widest / 4);
    this.tensors = new Map();
    let place = 2 * widest;
    let read = 0;
    layout.forEach(([name, shape, isSmall], i) => {
      const [rows, columns] = shape.length > 1 ? shape : [1, shape[0]];
      const scales = isSmall ? new Float32Array(bytes.slice(read, (read += 4 * rows)).buffer) : undefined;
      const matrix = new Matrix(this, place, rows, columns, strides[i], scales);
      read = matrix.fill(bytes, read);
      this.tensors.set(name, shape.length > 1 ? matrix : matrix.row(0));
      place += sizes[i];
    });
  }

  has(name) {
    return this.tensors.has(name);
  }

  /** A Matrix, or a Float32Array for a tensor of one dimension. */
  get(name) {
    if (!this.has(name)) throw new Error(`the model has no tensor ${name}`);
    return this.tensors.get(name);
  }
}

class Matrix {
  /** @param place where it begins in the block; like `stride`, which leads from row to row, in bytes */
  constructor(weights, place, rows, columns, stride, scales) {
    Object.assign(this, { weights, place, rows, columns, stride, scales });
    this.values = scales ? weights.integers : weights.numbers;
    this.bytes = this.values.BYTES_PER_ELEMENT;
  }

  /** Rows `first` to `first + count` as a matrix. */
  part(first, count) {
    const { weights, place, columns, stride, scales } = this;
    return new Matrix(weights, place + first * stride, count, columns, stride, scales?.subarray(first));
  }

  /** Place of a row among the values. */
  begin(row) {
    return (this.place + row * this.stride) / this.bytes;
  }

  at(row, column) {
    return this.values[this.begin(row) + column] * (this.scales?.[row] ?? 1);
  }

  row(number) {
    const start = this.begin(number);
    const row = this.values.subarray(start, start + this.columns);
    return this.scales ? Float32Array.from(row, (value) => value * this.scales[number]) : row;
  }

  fill(bytes, read) {
    const { rows, columns, values } = this;
    const end = read + rows * columns * this.bytes;
    const stored = new values.constructor(bytes.slice(read, end).buffer);
    for (let r = 0; r < rows; r++) values.set(stored.subarray(r * columns, (r + 1) * columns), this.begin(r));
    return (end + 3) & ~3;
  }

  /** y[start + r] += sum over k of this[r, k] x[k] */
  addTo(y, x, start = 0) {
    const { weights, rows, columns, stride, scales } = this;
    const { operand, rounded, result } = weights;
    let unit = 1;
    if (!weights.product) {
      this.multiply(x, result);
    } else {
      if (scales) {
        let largest = 1e-30;
        for (let k = 0; k < columns; k++) largest = Math.max(largest, Math.abs(x[k]));
        unit = largest / Math.min(LARGEST, MOST_SUMMED / stride);
        for (let k = 0; k < columns; k++) rounded[k] = Math.round(x[k] / unit);
        rounded.fill(0, columns, stride);
      } else {
        operand.set(x);
        operand.fill(0, columns, stride / 4);
      }
      weights.product(this.place, 0, result.byteOffset, rows, stride, scales ? 1 : 0);
    }
    for (let r = 0; r < rows; r++) y[start + r] += scales ? result[r] * scales[r] * unit : result[r];
  }

  /** Without WebAssembly: y[r] = sum over k of the value in row r and column k, times x[k]. */
  multiply(x, y) {
    const { values, rows, columns } = this;
    for (let r = 0; r < rows; r++) {
      let [sum, p] = [0, this.begin(r)];
      for (let k = 0; k < columns; k++) sum += values[p++] * x[k];
      y[r] = sum;
    }
  }
}
