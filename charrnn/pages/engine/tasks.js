/** What a text can be restored from, as in charrnn/models/restorer: pieces, what is left of each, and what makes it again. */

const STROKES = new Map(Array.from("łŁđĐøØħĦŧŦı", (letter, i) => [letter, Array.from("lLdDoOhHtTi")[i]]));
const STROKE = "\u0335";
const WITH_STROKE = new Map(Array.from(STROKES, ([letter, plain]) => [plain, letter]));
const UPPER = "^";

const isOne = (text) => Array.from(text).length === 1;
const characters = (text) => Array.from(text);
const whole = (piece) => [piece, ""];

const LATIN_MARKS = String.raw`\u0300-\u036f`;

function accents(classes) {
  const marks = `[${LATIN_MARKS}${classes.join("")}]`;
  const [pieces, areMarks] = [`${marks.replace("[", "[^")}${marks}*|${marks}`, new RegExp(`^${marks}+$`, "u")];
  return {
    keeps: true,
    pieces: (text) => text.match(new RegExp(pieces, "gsu")) ?? [],
    parted(piece) {
      if (STROKES.has(piece)) return [STROKES.get(piece), STROKE];
      const [base, ...rest] = Array.from(piece.normalize("NFD"));
      return rest.length && !areMarks.test(base) && areMarks.test(rest.join("")) ? [base, rest.join("")] : whole(piece);
    },
    canBe: (character, answer, known) => answer && isKnown(character + answer, known),
    joined(character, answer) {
      if (answer === STROKE && WITH_STROKE.has(character)) return WITH_STROKE.get(character);
      return answer ? (character + answer).normalize("NFC") : character;
    },
  };
}

const letterCase = () => ({
  context: 32,
  pieces: characters,
  parted(piece) {
    const lower = piece.toLowerCase();
    return isOne(lower) && lower !== piece && lower.toUpperCase() === piece ? [lower, UPPER] : whole(piece);
  },
  joined(character, answer) {
    const upper = character.toUpperCase();
    return answer && isOne(upper) && upper.toLowerCase() === character ? upper : character;
  },
});

const spaces = () => ({
  keeps: true,
  standsBetween: true,
  pieces: (text) => text.match(/\S (?=\S)|./gsu) ?? [],
  parted(piece) {
    const [first, ...rest] = Array.from(piece);
    return [first, rest.join("")];
  },
  joined: (character, answer) => (isSpace(character) ? character : character + answer),
});

const typos = () => ({
  addsNoise: true,
  pieces: characters,
  parted: whole,
  joined(character, answer) {
    if (answer[0] === "+") return answer.slice(1) + character;
    return !answer || character === "\n" ? character : answer.slice(1);
  },
});

/** Functions that make each task from the answers of a model. */
export const TASKS = { accents, case: letterCase, spaces, typos };

export const isSpace = (text) => /^\s$/u.test(text);

const isKnown = (text, known) => Array.from(text).every((each) => known.has(each));

/** Whether an answer makes something else of a character, all of it known characters. */
export function canBe(task, character, answer, known) {
  if (task.canBe?.(character, answer, known)) return true;
  const outcome = task.joined(character, answer);
  return isKnown(outcome, known) && (outcome === character) === !answer;
}
