/** A phone number in E.164 that went through `parseMsisdn`; it cannot be made in any other way. */
export type Msisdn = string & { readonly __brand: 'Msisdn' };
