/** How the phone of a binding was proved: by its SMS, by a code sent to it, or by somebody who saw its owner. */
export type Proof = 'sms' | 'code' | 'operator' | 'cashier';
