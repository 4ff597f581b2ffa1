/** A card number in canonical form (ASCII digits, upper-case Latin letters) that fits a series of its programme. */
export type CardNumber = string & { readonly __brand: 'CardNumber' };
