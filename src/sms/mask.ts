/** Text that was made safe to log and to show: the only form in which a number may leave the database. */
export type Masked = string & { readonly __brand: 'Masked' };

/** `+79161234567` → `+7 ••• ••• 67`: the calling code's first digit and the last two. */
export function maskPhone(phone: string): Masked {
  return `${phone.slice(0, 2)} ••• ••• ${phone.slice(-2)}` as Masked;
}

/** `9643001234563456` → `•••• 3456`: the last four characters. */
export function maskCard(card: string): Masked {
  return `•••• ${lastFour(card)}` as Masked;
}

/** `9643001234563456` → `3456`: what a person compares with the card in their hand. */
export function lastFour(card: string): Masked {
  return card.slice(-4) as Masked;
}
