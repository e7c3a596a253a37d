/** Between a text and the symbols of a model, which have the numbers of their places in the vocabulary. */

export class Vocabulary {
  /**
   * @param description `symbols`: the characters in one string, without the end of documents; `unit`: "character",
   *   "byte" or "code unit"; `separators`: the texts that separate documents, or null if there are no documents
   */
  constructor({ symbols, unit, separators }) {
    this.unit = unit;
    this.separators = separators;
    this.symbols = unit === "code unit" ? symbols.split("") : Array.from(symbols);
    this.numbers = new Map(this.symbols.map((symbol, id) => [symbol, id]));
    this.end = separators ? this.symbols.length : -1;
    this.size = this.symbols.length + (separators ? 1 : 0);
  }

  /** The symbol that is read before a text that has none before it. */
  get first() {
    return this.separators ? this.end : (this.numbers.get("\n") ?? 0);
  }

  /** A text cut into its symbols, known or not. */
  cut(text) {
    if (this.unit === "byte") return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte));
    return this.unit === "character" ? Array.from(text) : text.split("");
  }

  /** The numbers of the symbols of a text; unknown ones are left out. */
  ids(text) {
    return this.cut(text).flatMap((symbol) => this.numbers.get(symbol) ?? []);
  }

  /** The numbers of the beginning of one text: separators of documents are left out. */
  beginning(text) {
    return this.ids((this.separators ?? []).reduce((rest, separator) => rest.split(separator).join(""), text));
  }

  /** The documents of a text, without those that are empty; the text itself if the model knows no documents. */
  documents(text) {
    let parts = [text];
    for (const separator of this.separators ?? []) parts = parts.flatMap((part) => part.split(separator));
    return this.separators ? parts.filter((part) => part) : parts;
  }

  /** The text of some numbers; bytes that are no UTF-8 become the replacement character. */
  text(ids) {
    const symbols = ids.map((id) => this.symbols[id] ?? "").join("");
    if (this.unit !== "byte") return symbols;
    return new TextDecoder().decode(Uint8Array.from(symbols, (symbol) => symbol.charCodeAt(0)));
  }
}
