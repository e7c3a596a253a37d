/**
 * The equations of each recurrent cell for one step, as in charrnn/cells, where they are explained.
 *
 * A step gets a layer whose `a` holds W_ih x + b. It adds the products with W_hh, overwrites `a` with the values of the
 * gates, and the state with the new one. `products` are the numbers of gates whose rows of W_hh form each product.
 */

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

const tanh = (x) => 1 - 2 / (1 + Math.exp(2 * x)); // takes half the time of Math.tanh

function stepLstm({ units: n, a, h, c, vectors, products: [all] }) {
  const { peephole_i: pi, peephole_f: pf, peephole_o: po } = vectors;
  all.addTo(a, h);
  for (let k = 0; k < n; k++) {
    const i = (a[k] = sigmoid(a[k] + (pi ? pi[k] * c[k] : 0)));
    const f = (a[n + k] = sigmoid(a[n + k] + (pf ? pf[k] * c[k] : 0)));
    const g = (a[2 * n + k] = tanh(a[2 * n + k]));
    c[k] = f * c[k] + i * g;
    const o = (a[3 * n + k] = sigmoid(a[3 * n + k] + (po ? po[k] * c[k] : 0)));
    h[k] = o * tanh(c[k]);
  }
}

function stepGru({ units: n, a, h, work, vectors, products: [gates, candidate] }) {
  work.set(vectors.bias_hn);
  gates.addTo(a, h);
  candidate.addTo(work, h);
  for (let k = 0; k < n; k++) {
    const r = (a[k] = sigmoid(a[k]));
    const z = (a[n + k] = sigmoid(a[n + k]));
    const g = (a[2 * n + k] = tanh(a[2 * n + k] + r * work[k]));
    h[k] = g + z * (h[k] - g);
  }
}

function stepLectureGru({ units: n, a, h, work, products: [gates, candidate] }) {
  gates.addTo(a, h);
  for (let k = 0; k < n; k++) work[k] = (a[k] = sigmoid(a[k])) * h[k];
  candidate.addTo(a, work, 2 * n);
  for (let k = 0; k < n; k++) {
    const z = (a[n + k] = sigmoid(a[n + k]));
    const g = (a[2 * n + k] = tanh(a[2 * n + k]));
    h[k] += z * (g - h[k]);
  }
}

function stepRnn({ units: n, a, h, products: [all] }) {
  all.addTo(a, h);
  for (let k = 0; k < n; k++) h[k] = a[k] = tanh(a[k]);
}

function stepRectified({ units: n, a, h, products: [all] }) {
  all.addTo(a, h);
  for (let k = 0; k < n; k++) h[k] = a[k] = Math.max(a[k], 0);
}

function stepLeaky({ units: n, a, h, vectors: { rate }, products: [all] }) {
  all.addTo(a, h);
  for (let k = 0; k < n; k++) h[k] += rate[k] * ((a[k] = tanh(a[k])) - h[k]);
}

const LSTM = {
  gates: ["input gate", "forget gate", "candidate", "output gate"],
  state: ["h", "c"],
  products: [4],
  vectors: [],
  step: stepLstm,
};

const GRU = {
  gates: ["reset gate", "update gate", "candidate"],
  state: ["h"],
  products: [2, 1],
  vectors: ["bias_hn"],
  step: stepGru,
};

const RNN = { gates: ["activation"], state: ["h"], products: [1], vectors: [], step: stepRnn };

const LEAKY = { ...RNN, vectors: ["rate"], step: stepLeaky };

export const CELLS = {
  rnn: RNN,
  "rnn-relu": { ...RNN, step: stepRectified },
  leaky: LEAKY,
  "leaky-fixed": LEAKY,
  lstm: LSTM,
  "lstm-peephole": { ...LSTM, vectors: ["peephole_i", "peephole_f", "peephole_o"] },
  gru: GRU,
  "gru-lecture": { ...GRU, vectors: [], step: stepLectureGru },
};
