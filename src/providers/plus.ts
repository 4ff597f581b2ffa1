/**
 * The number with its `+`, from a provider that writes E.164 without one: else the core had to guess whether it is a
 * national form. Up to 8 digits are left as they are: they are short codes. So is everything that is no number.
 */
export function withPlus(number: string): string {
  return /^[1-9]\d{8,14}$/.test(number) ? `+${number}` : number;
}

/** The number as a provider takes it that wants E.164 without `+`. */
export function withoutPlus(number: string): string {
  return number.replace(/^\+/, '');
}
