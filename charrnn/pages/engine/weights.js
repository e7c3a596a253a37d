/**
 * A model's tensors in one block of memory, and the product of a matrix and a vector.
 *
 * Tensors are 32-bit floats. Those stored as 8-bit integers have a scale for each row and are converted when loaded. The
 * product runs in WebAssembly with SIMD, or in plain JavaScript where that is missing. It copies its operand into the
 * block and its result out of it, so that all other arrays are ordinary ones.
 */

const PAGE = 65536; // bytes of a page of WebAssembly's memory

const padded = (count) => (count + 3) & ~3;

/** The bytes of a base64 text. */
export function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

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
    const size = ([, shape]) => (shape.length > 1 ? (shape[0] + 3) * padded(shape[1]) : padded(shape[0]));
    const widest = Math.max(...layout.map(([, shape]) => padded(Math.max(...shape))));
    const total = layout.reduce((sum, tensor) => sum + size(tensor), 2 * widest);
    const pages = Math.ceil((4 * total) / PAGE);
    const memory = kernel && globalThis.WebAssembly && new WebAssembly.Memory({ initial: pages });
    this.product = memory && compiled(kernel, memory);
    this.numbers = new Float32Array(this.product ? memory.buffer : pages * (PAGE / 4));
    this.operand = this.numbers.subarray(0, widest);
    this.result = this.numbers.subarray(widest, 2 * widest);
    this.tensors = new Map();
    let place = 2 * widest;
    let read = 0;
    for (const tensor of layout) {
      const [name, shape, isSmall] = tensor;
      const [rows, columns] = shape.length > 1 ? shape : [1, shape[0]];
      const values = new Matrix(this, place, rows, columns);
      read = isSmall ? values.fillSmall(bytes, read) : values.fill(bytes, read);
      this.tensors.set(name, shape.length > 1 ? values : values.row(0));
      place += size(tensor);
    }
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
  constructor(weights, place, rows, columns) {
    Object.assign(this, { weights, place, rows, columns, stride: padded(columns) });
  }

  /** Rows `first` to `first + count` as a matrix. */
  part(first, count) {
    return new Matrix(this.weights, this.place + first * this.stride, count, this.columns);
  }

  row(number) {
    const start = this.place + number * this.stride;
    return this.weights.numbers.subarray(start, start + this.columns);
  }

  fill(bytes, read) {
    const stored = new Float32Array(bytes.slice(read, read + 4 * this.rows * this.columns).buffer);
    for (let r = 0; r < this.rows; r++) this.row(r).set(stored.subarray(r * this.columns, (r + 1) * this.columns));
    return read + stored.byteLength;
  }

  fillSmall(bytes, read) {
    const scales = new Float32Array(bytes.slice(read, read + 4 * this.rows).buffer);
    const stored = new Int8Array(bytes.buffer, bytes.byteOffset + read + 4 * this.rows, this.rows * this.columns);
    for (let r = 0, i = 0; r < this.rows; r++) {
      const row = this.row(r);
      for (let k = 0; k < this.columns; k++, i++) row[k] = scales[r] * stored[i];
    }
    return read + scales.byteLength + padded(stored.length);
  }

  /** y[start + r] += sum over k of this[r, k] x[k] */
  addTo(y, x, start = 0) {
    const { weights, place, rows, stride } = this;
    const { numbers, operand, result } = weights;
    operand.set(x);
    operand.fill(0, this.columns, stride);
    if (weights.product) {
      weights.product(4 * place, 0, result.byteOffset, padded(rows), 4 * stride);
    } else {
      for (let r = 0, p = place; r < rows; r++) {
        let [even, odd] = [0, 0];
        for (let k = 0; k < stride; k += 2, p += 2) {
          even += numbers[p] * operand[k];
          odd += numbers[p + 1] * operand[k + 1];
        }
        result[r] = even + odd;
      }
    }
    for (let r = 0; r < rows; r++) y[start + r] += result[r];
  }
}
