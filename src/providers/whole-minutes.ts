/** Minutes as a gateway takes them: rounded down, so that nothing is delivered later than it may be; at least one. */
export function wholeMinutes(seconds: number): string {
  return String(Math.max(1, Math.floor(seconds / 60)));
}
