// @ts-check
/** The account of the benchmark at each of its providers; none of it is a secret. */
export const ACCOUNT_SID = `AC${'b'.repeat(32)}`;
export const AUTH_TOKEN = 'token-of-the-benchmark-and-nothing-else';

/** What customers text: a long number at the HTTP provider, a short one at the SMSC. */
export const ADDRESS = '+14155550100';
export const SHORT_CODE = '7340';

export const SYSTEM_ID = 'bench';
export const PASSWORD = 'bench';
