/** How symbols are drawn; what is left out has its default. */
export interface DrawOptions {
  /** Most characters; 500. */
  length?: number;
  /** Below 1 safer, above 1 wilder, 0 always the most probable symbol; 0.8. */
  temperature?: number;
  /** Draw from this many most probable symbols; 0 for all. */
  topK?: number;
  /** Draw from the most probable symbols that together reach this probability; 1 for all. */
  topP?: number;
  /** Draw from the symbols of at least this part of the largest probability; 0 for all. */
  minP?: number;
  /** Texts before which the text ends. */
  stop?: string[];
  /** The same seed draws the same text; one that nobody chose. */
  seed?: number | bigint;
}

/** A symbol of a text that was read. */
export interface ReadSymbol {
  symbol: string;
  /** -ln p, by what was read before; NaN for the first symbol of a text. */
  nats: number;
}

/** A symbol that may come next; "" is the end of a document. */
export interface NextSymbol {
  symbol: string;
  probability: number;
}

/** The model's memory of a text; assign it to `state` to go back there. */
export interface State {
  readonly begun: boolean;
  readonly state: unknown;
  readonly logits: Float32Array;
}

/** A model that writes. */
export interface Writer {
  /** Whether WebAssembly with SIMD multiplies. */
  readonly simd: boolean;
  /** What a model that writes for a label can write for; empty for others. */
  readonly labels: string[];
  /** Read a text after what was read and drawn so far; symbols that the model does not know are left out. */
  read(text: string): ReadSymbol[];
  /** Draw a text that continues what was read and drawn so far. */
  draw(options?: DrawOptions): string;
  /** The same, symbol by symbol. */
  stream(options?: DrawOptions): Generator<string, void>;
  /** The most probable next symbols, 10 if not said otherwise. */
  predict(top?: number): NextSymbol[];
  /** Forget all that was read and drawn, and write for a label from now on, if one is given. */
  restart(label?: string): void;
  state: State;
}

/** An answer and its probability. */
export interface Answer {
  text: string;
  probability: number;
}

/** A model that answers. */
export interface Answerer {
  /** The most probable answers to a line, 1 if not said otherwise. */
  predict(line: string, top?: number): Answer[];
}

export interface LoadOptions {
  /** Multiply in WebAssembly, where it has SIMD; true. */
  simd?: boolean;
}

/** The model of this module: what it reads and draws is its own. */
export function load(options?: LoadOptions): KIND;
