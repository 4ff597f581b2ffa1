/** The people of the journeys. */
export const PHONES: Readonly<Record<string, string>> = {
  anna: '+79161234567',
  boris: '+79031112233',
  kate: '+447400123456',
};

/** The cards of the journeys, by the names that the journeys use. */
export const NUMBERS = {
  c1: '9643000000000012',
  c2: '9643000000000020',
  c3: '9643000000000038',
  blocked: '9643000000000046',
  awaiting: '9643000000000053',
  replaced: '9643000000000061',
  unknown: '9643000000000079',
  k1: '771000000001',
  k2: '771000000002',
  kblocked: '771000000003',
  kunknown: '771000000004',
  a1: '882000000001',
} as const satisfies Record<string, string>;

/** What a journey remembers. */
export interface Spelling {
  /** The last code that each phone was texted. */
  readonly codes: Map<string, string>;
}

/** A step's text as this phone would send it: `{c1}`, `{c1 grouped}`, `{c1 persian}`, `{c1 short}`, `{code}`, `{wrong code}`. */
export function spell(text: string, phone: string, { codes }: Spelling): string {
  return text.replaceAll(/\{([^}]+)\}/g, (_whole, inside: string) => {
    const code = codes.get(phone) ?? '0000';
    if (inside === 'code') return code;
    if (inside === 'wrong code') return code === '1111' ? '2222' : '1111';
    const [name = '', way] = inside.split(' ');
    const number = Object.entries(NUMBERS).find(([key]) => key === name)?.[1];
    if (number === undefined) throw new Error(`The journeys know no {${inside}}`);
    if (way === 'grouped') return number.replaceAll(/(\d{4})(?=\d)/g, '$1 ');
    if (way === 'persian') return number.replaceAll(/\d/g, (digit) => String.fromCodePoint(0x6f0 + Number(digit)));
    return way === 'short' ? number.slice(0, -1) : number;
  });
}
