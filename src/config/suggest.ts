/** ` (did you mean x?)` for the nearest of the known words when it is near enough to be a slip of the finger, else ``. */
export function didYouMean(word: string, known: readonly string[]): string {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let nearest: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance <= limit && distance < (nearest?.distance ?? Number.POSITIVE_INFINITY)) {
      nearest = { word: candidate, distance };
    }
  }
  return nearest === undefined ? '' : ` (did you mean ${nearest.word}?)`;
}

/** How many characters have to be put in, taken out, changed or swapped with their neighbour. */
function editDistance(a: string, b: string): number {
  let [beforePrevious, previous]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? (beforePrevious[j - 2] ?? 0) + 1 : change;
      current[j] = Math.min(change, swap, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1);
    }
    [beforePrevious, previous] = [previous, current];
  }
  return previous[b.length] ?? 0;
}
